#include "smtp.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail_header.h"
#include "str.h"

#define HEADER_BYTES_MAX 8192
#define BODY_BYTES_MAX	 (512 * 1024)
#define REPLY_GO_AHEAD \
	354 /* the reply to DATA (RFC 5321 section 4.3.2): from here on the message may have been taken */

struct smtp {
	struct smtp_options options;
};

enum err_kind smtp_open(const struct smtp_options *options, struct smtp **ret_smtp, struct err *err)
{
	struct smtp *smtp = NULL;

	if (!mail_address_is_valid(options->from_address))
		return err_set(err, ERR_FATAL, "smtp_config", "the sender's address is not valid");
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_FATAL, "curl_init", "libcurl does not start");
	smtp = calloc(1, sizeof(*smtp));
	if (!smtp)
		return err_set(err, ERR_FATAL, "no_memory", "no memory for the SMTP client");
	smtp->options = *options;
	*ret_smtp = smtp;
	return ERR_OK;
}

void smtp_close(struct smtp *smtp)
{
	free(smtp);
}

/* What one transfer holds on to. */
struct transfer {
	const struct smtp_options *options;
	CURL *curl;
	curl_mime *mime;
	struct curl_slist *headers, *recipients;
	int64_t silent_since_ms;
	long last_code;
	curl_off_t last_sent;
};

static void transfer_release(struct transfer *transfer)
{
	curl_slist_free_all(transfer->headers);
	curl_slist_free_all(transfer->recipients);
	curl_mime_free(transfer->mime);
	curl_easy_cleanup(transfer->curl);
}

/* libcurl has one time-out for every reply; RFC 5321 wants a longer one after the final dot. Called at least once a second. */
static int watch_silence(void *context, curl_off_t to_get, curl_off_t got, curl_off_t to_send,
			 curl_off_t sent)
{
	struct transfer *transfer = context;
	int64_t now_ms = clock_system()->monotonic_ms(clock_system());
	long code = 0;

	(void)to_get, (void)got, (void)to_send;
	curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &code);
	if (code != transfer->last_code || sent != transfer->last_sent) {
		transfer->last_code = code;
		transfer->last_sent = sent;
		transfer->silent_since_ms = now_ms;
	}
	int64_t patience_ms =
		code == REPLY_GO_AHEAD ? transfer->options->final_ms : transfer->options->step_ms;
	return now_ms - transfer->silent_since_ms > patience_ms;
}

/* Bare LF or CR would be passed on by libcurl as they are. */
static void add_crlf(struct buf *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\r' && c[1] == '\n')
			continue;
		if (*c == '\n' || *c == '\r')
			buf_add(out, "\r\n");
		else
			buf_add_bytes(out, c, 1);
	}
}

static bool add_header(struct transfer *transfer, struct buf *line)
{
	struct curl_slist *longer = line->failed ? NULL : curl_slist_append(transfer->headers, line->data);

	buf_reset(line);
	if (longer)
		transfer->headers = longer;
	return longer != NULL;
}

static bool add_headers(struct transfer *transfer, const struct smtp_message *message)
{
	struct buf line;

	buf_init(&line, HEADER_BYTES_MAX);
	buf_add(&line, "Date: ");
	mail_header_add_date(&line, message->date);
	bool added = add_header(transfer, &line);

	buf_add(&line, "From: ");
	mail_header_add_person(&line, transfer->options->from_name, transfer->options->from_address);
	added = add_header(transfer, &line) && added;
	buf_add(&line, "To: ");
	mail_header_add_person(&line, message->to_name, message->to_address);
	added = add_header(transfer, &line) && added;
	buf_add(&line, "Subject: ");
	mail_header_add_text(&line, message->subject);
	added = add_header(transfer, &line) && added;
	buf_addf(&line, "Message-ID: %s", message->message_id);
	added = add_header(transfer, &line) && added;
	buf_addf(&line, "Content-Language: %s", message->language);
	added = add_header(transfer, &line) && added;
	buf_add(&line, "Auto-Submitted: auto-generated"); /* RFC 3834: no vacation answers, please */
	added = add_header(transfer, &line) && added;
	buf_release(&line);
	return added;
}

static bool add_part(curl_mime *alternatives, const char *type, const char *encoder, const char *text)
{
	struct buf body;
	curl_mimepart *part = curl_mime_addpart(alternatives);

	buf_init(&body, BODY_BYTES_MAX);
	add_crlf(&body, text);
	bool added = part && !body.failed && curl_mime_data(part, body.data, body.len) == CURLE_OK
		     && curl_mime_type(part, type) == CURLE_OK
		     && curl_mime_encoder(part, encoder) == CURLE_OK;
	buf_release(&body);
	return added;
}

static bool add_body(struct transfer *transfer, const struct smtp_message *message)
{
	char calendar_type[80];
	curl_mime *alternatives = curl_mime_init(transfer->curl);

	transfer->mime = curl_mime_init(transfer->curl);
	curl_mimepart *whole = transfer->mime ? curl_mime_addpart(transfer->mime) : NULL;
	if (!alternatives || !whole || curl_mime_subparts(whole, alternatives) != CURLE_OK) {
		curl_mime_free(alternatives);
		return false;
	}
	snprintf(calendar_type, sizeof(calendar_type), "text/calendar; charset=utf-8; method=%s",
		 message->calendar_method ? message->calendar_method : "");
	return curl_mime_type(whole, "multipart/alternative") == CURLE_OK
	       && add_part(alternatives, "text/plain; charset=utf-8", "quoted-printable", message->text)
	       && add_part(alternatives, "text/html; charset=utf-8", "quoted-printable", message->html)
	       && (!message->calendar || add_part(alternatives, calendar_type, "base64", message->calendar));
}

static bool set_options(struct transfer *transfer, const struct smtp_message *message)
{
	const struct smtp_options *options = transfer->options;
	CURL *curl = transfer->curl;
	char from[300], to[300];

	snprintf(from, sizeof(from), "<%s>", options->from_address);
	snprintf(to, sizeof(to), "<%s>", message->to_address);
	transfer->recipients = curl_slist_append(NULL, to);
	return transfer->recipients && curl_easy_setopt(curl, CURLOPT_URL, options->url) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_USE_SSL,
				   options->require_tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE)
			  == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_ms) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT,
				   (long)(options->final_ms / 1000 + 1))
			  == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch_silence) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, transfer->recipients) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_MIMEPOST, transfer->mime) == CURLE_OK;
}

/* The reply code decides; only a line that broke after "354 go ahead" leaves the outcome open. */
static enum err_kind classify(CURLcode code, int reply, enum mail_result *ret_result, struct err *err)
{
	if (code == CURLE_OK) {
		*ret_result = MAIL_RESULT_ACCEPTED;
		return ERR_OK;
	}
	if (reply >= 500 && reply <= 599) {
		*ret_result = MAIL_RESULT_REFUSED;
		return err_set(err, ERR_REJECT, "smtp_refused", "the mail server answered %d", reply);
	}
	if (reply == REPLY_GO_AHEAD) {
		*ret_result = MAIL_RESULT_LOST;
		return err_set(err, ERR_UNSURE, "smtp_lost",
			       "the line broke before the mail server answered (%s)",
			       curl_easy_strerror(code));
	}
	*ret_result = MAIL_RESULT_LATER;
	if (reply >= 400 && reply <= 499)
		return err_set(err, ERR_RETRY, "smtp_later", "the mail server answered %d", reply);
	return err_set(err, ERR_RETRY, "smtp_unreachable", "nothing was sent to the mail server: %s",
		       curl_easy_strerror(code));
}

enum err_kind smtp_send(struct smtp *smtp, const struct smtp_message *message, enum mail_result *ret_result,
			int *ret_reply, struct err *err)
{
	struct transfer transfer = {.options = &smtp->options};
	long reply = 0;

	*ret_reply = 0;
	*ret_result = MAIL_RESULT_BAD;
	if (!mail_address_is_valid(message->to_address))
		return err_set(err, ERR_REJECT, "bad_address", "the recipient's address is not valid");
	transfer.silent_since_ms = clock_system()->monotonic_ms(clock_system());
	transfer.curl = curl_easy_init();
	if (!transfer.curl || !add_headers(&transfer, message) || !add_body(&transfer, message)
	    || !set_options(&transfer, message)) {
		transfer_release(&transfer);
		*ret_result = MAIL_RESULT_LATER;
		return err_set(err, ERR_RETRY, "smtp_setup", "no memory for the mail");
	}
	CURLcode code = curl_easy_perform(transfer.curl);
	curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &reply);
	*ret_reply = (int)reply;
	transfer_release(&transfer);
	return classify(code, (int)reply, ret_result, err);
}
