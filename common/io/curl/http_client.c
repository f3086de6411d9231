/* http_client.c: a pool of libcurl easy handles, and what a failed transfer proves. */
#include "http_client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "crash_point.h"

/* A transfer slower than one byte a second for this long is dead, whatever the total deadline. */
#define LOW_SPEED_BYTES  1L
#define LOW_SPEED_S      15L
#define URL_BYTES_MAX    2048
#define HEADER_BYTES_MAX (64 * 1024)

struct handle {
	CURL *curl;
	struct handle *next;
};

struct http_client {
	char *url; /* without a trailing '/' */
	bool is_https;
	int64_t connect_ms;
	int64_t timeout_ms;
	pthread_mutex_t lock;
	struct handle *idle; /* under lock: last used first, so that few connections stay warm */
};

/* What the callbacks see of one call. */
struct transfer {
	const char *form; /* what is still to be sent */
	struct http_response *response;
	const char *crash_point;
	bool too_large;
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_ready = CURLE_FAILED_INIT;

static void start_curl(void)
{
	curl_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool is_loopback(const char *host)
{
	return str_eq(host, "localhost") || str_eq(host, "::1") || str_eq(host, "[::1]")
	       || (str_starts(host, "127.") && strspn(host, "0123456789.") == strlen(host));
}

static bool has_part(CURLU *parts, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(parts, part, &text, 0) == CURLUE_OK && text && text[0];

	curl_free(text);
	return has;
}

/* Which scheme, and whether this url may be called at all. */
static enum err_kind check_url(const char *url, bool *ret_is_https, struct err *err)
{
	CURLU *parts = curl_url();
	char *scheme = NULL, *host = NULL;
	bool bad, https = false, plain_away = false;

	bad = !parts || curl_url_set(parts, CURLUPART_URL, url, 0) || has_part(parts, CURLUPART_USER)
	      || has_part(parts, CURLUPART_PASSWORD) || has_part(parts, CURLUPART_QUERY)
	      || has_part(parts, CURLUPART_FRAGMENT) || curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0)
	      || curl_url_get(parts, CURLUPART_HOST, &host, 0);
	if (!bad) {
		https = str_eq(scheme, "https");
		plain_away = str_eq(scheme, "http") && !is_loopback(host);
		bad = !https && !str_eq(scheme, "http");
	}
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(parts);
	if (bad)
		return err_set(err, ERR_FATAL, "http_config",
			       "not an http(s) url without user, query and fragment");
	if (plain_away)
		return err_set(err, ERR_FATAL, "http_config", "plain http is for loopback addresses only");
	*ret_is_https = https;
	return ERR_OK;
}

enum err_kind http_client_open(const struct http_client_options *options, struct http_client **ret_client,
			       struct err *err)
{
	struct http_client *client;
	enum err_kind kind;
	bool is_https = false;

	pthread_once(&curl_once, start_curl);
	if (curl_ready)
		return err_set(err, ERR_FATAL, "http_config", "libcurl does not start");
	kind = check_url(options->url, &is_https, err);
	if (kind)
		return kind;
	client = calloc(1, sizeof *client);
	if (client)
		client->url = strdup(options->url);
	if (!client || !client->url) {
		free(client);
		return err_set(err, ERR_FATAL, "http_config", "out of memory");
	}
	for (size_t len = strlen(client->url); len && client->url[len - 1] == '/'; len--)
		client->url[len - 1] = '\0';
	client->is_https = is_https;
	client->connect_ms = options->connect_ms;
	client->timeout_ms = options->timeout_ms;
	pthread_mutex_init(&client->lock, NULL);
	*ret_client = client;
	return ERR_OK;
}

void http_client_close(struct http_client *client)
{
	if (!client)
		return;
	while (client->idle) {
		struct handle *handle = client->idle;

		client->idle = handle->next;
		curl_easy_cleanup(handle->curl);
		free(handle);
	}
	pthread_mutex_destroy(&client->lock);
	free(client->url);
	free(client);
}

static struct handle *take_handle(struct http_client *client)
{
	struct handle *handle;

	pthread_mutex_lock(&client->lock);
	handle = client->idle;
	if (handle)
		client->idle = handle->next;
	pthread_mutex_unlock(&client->lock);
	if (handle)
		return handle;
	handle = calloc(1, sizeof *handle);
	if (handle)
		handle->curl = curl_easy_init();
	if (handle && !handle->curl) {
		free(handle);
		handle = NULL;
	}
	return handle;
}

static void give_handle(struct http_client *client, struct handle *handle)
{
	curl_easy_reset(handle->curl); /* forgets options and borrowed texts, keeps the connection */
	pthread_mutex_lock(&client->lock);
	handle->next = client->idle;
	client->idle = handle;
	pthread_mutex_unlock(&client->lock);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;

	buf_add_bytes(&transfer->response->body, bytes, size * count);
	transfer->too_large = transfer->response->body.failed;
	return transfer->too_large ? 0 : size * count;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	struct buf *lines = &transfer->response->header_lines;
	size_t len = size * count;

	if (transfer->crash_point)
		CRASH_POINT(transfer->crash_point);
	transfer->crash_point = NULL;
	if (len >= 5 && strncasecmp(bytes, "HTTP/", 5) == 0)
		buf_reset(lines); /* an interim answer (1xx) came before */
	while (len && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
		len--;
	if (len && len <= HTTP_HEADER_LINE_MAX) {
		buf_add_bytes(lines, bytes, len);
		buf_add(lines, "\n");
	}
	transfer->too_large = lines->failed;
	return transfer->too_large ? 0 : size * count;
}

static size_t on_read(char *bytes, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	size_t len = strnlen(transfer->form, size * count);

	memcpy(bytes, transfer->form, len);
	transfer->form += len;
	return len;
}

/* libcurl silently repeats a request whose kept-alive connection broke before an answer. A body that
 * cannot be rewound forbids that: one call is at most one request, and whoever calls decides whether to
 * repeat it. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
	(void)context;
	(void)offset;
	(void)origin;
	return CURL_SEEKFUNC_FAIL;
}

static struct curl_slist *header_list(const struct http_request *request)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	for (int i = 0; list && i < HTTP_HEADERS_MAX && request->headers[i]; i++) {
		struct curl_slist *longer = curl_slist_append(list, request->headers[i]);

		if (!longer) {
			curl_slist_free_all(list);
			return NULL;
		}
		list = longer;
	}
	return list;
}

/* One call in all. libcurl takes 0 for "no limit". */
static long timeout_ms(const struct http_client *client, const struct http_request *request)
{
	int64_t left_ms = request->deadline_ms ? deadline_left_ms(request->deadline_ms) : client->timeout_ms;

	if (left_ms < 1)
		return 1;
	return (long)(left_ms < client->timeout_ms ? left_ms : client->timeout_ms);
}

static void set_limits(const struct http_client *client, const struct http_request *request, CURL *curl)
{
	const char *protocol = client->is_https ? "https" : "http";

	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)client->connect_ms);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms(client, request));
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_BYTES);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, LOW_SPEED_S);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, protocol);
	curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, protocol);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)HTTP_BODY_BYTES_MAX);
}

/* What a transfer that did not end with a whole answer proves. */
static enum err_kind failed_transfer(CURL *curl, CURLcode code, const struct transfer *transfer,
				     struct err *err)
{
	long sent_bytes = 0;

	/* Counts over every connection that this call used, so a silent repeat on a fresh one is not
	 * taken for "nothing left". */
	if (curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent_bytes) == CURLE_OK && sent_bytes == 0)
		return err_set(err, ERR_RETRY, "http_no_connection", "%s", curl_easy_strerror(code));
	if (transfer->too_large || code == CURLE_FILESIZE_EXCEEDED)
		return err_set(err, ERR_UNSURE, "http_too_large", "answer larger than %d bytes",
			       HTTP_BODY_BYTES_MAX);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(err, ERR_UNSURE, "http_timeout", "no whole answer in time");
	if (code == CURLE_SEND_FAIL_REWIND || code == CURLE_PARTIAL_FILE || code == CURLE_GOT_NOTHING
	    || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR)
		return err_set(err, ERR_UNSURE, "http_cut", "%s", curl_easy_strerror(code));
	return err_set(err, ERR_UNSURE, "http_failed", "%s", curl_easy_strerror(code));
}

static void set_request(CURL *curl, const struct http_request *request, struct transfer *transfer)
{
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
	if (!request->form) {
		curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
		return;
	}
	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->form));
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
}

static enum err_kind run(const struct http_client *client, CURL *curl, const struct http_request *request,
			 struct http_response *ret_response, struct err *err)
{
	struct transfer transfer = {
		.form = request->form, .response = ret_response, .crash_point = request->crash_point};
	struct curl_slist *headers = header_list(request);
	char url[URL_BYTES_MAX];
	CURLcode code;
	int len;

	len = snprintf(url, sizeof url, "%s%s", client->url, request->path);
	if (!headers || len < 0 || (size_t)len >= sizeof url) {
		curl_slist_free_all(headers);
		return err_set(err, ERR_RETRY, "http_no_connection", "request could not be built");
	}
	set_limits(client, request, curl);
	set_request(curl, request, &transfer);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	code = curl_easy_perform(curl);
	curl_slist_free_all(headers);
	if (code)
		return failed_transfer(curl, code, &transfer, err);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret_response->status);
	return ERR_OK;
}

enum err_kind http_client_call(struct http_client *client, const struct http_request *request,
			       struct http_response *ret_response, struct err *err)
{
	struct handle *handle = take_handle(client);
	enum err_kind kind;

	if (!handle)
		return err_set(err, ERR_RETRY, "http_no_connection", "out of memory");
	kind = run(client, handle->curl, request, ret_response, err);
	give_handle(client, handle);
	return kind;
}

void http_response_init(struct http_response *response)
{
	response->status = 0;
	buf_init(&response->body, HTTP_BODY_BYTES_MAX);
	buf_init(&response->header_lines, HEADER_BYTES_MAX);
}

void http_response_release(struct http_response *response)
{
	buf_release(&response->body);
	buf_release(&response->header_lines);
}

void http_response_header(const struct http_response *response, const char *name, char *ret_value, size_t cap)
{
	const char *line = response->header_lines.data;
	size_t name_len = strlen(name);

	ret_value[0] = '\0';
	while (line && *line) {
		const char *end = strchr(line, '\n');

		if (!end)
			return;
		if (strncasecmp(line, name, name_len) == 0 && line[name_len] == ':') {
			const char *value = line + name_len + 1;

			value += strspn(value, " \t");
			if (value < end && (size_t)(end - value) < cap) {
				memcpy(ret_value, value, (size_t)(end - value));
				ret_value[end - value] = '\0';
			}
			return;
		}
		line = end + 1;
	}
}

static void add_escaped(struct buf *form, const char *text)
{
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (const char *c = text; *c; c++) {
		if (strchr(unreserved, *c))
			buf_add_bytes(form, c, 1);
		else
			buf_addf(form, "%%%02X", (unsigned)(unsigned char)*c);
	}
}

void http_form_add(struct buf *form, const char *name, const char *value)
{
	if (form->len)
		buf_add(form, "&");
	add_escaped(form, name);
	buf_add(form, "=");
	add_escaped(form, value);
}
