/* http_client.h: requests to one HTTP server that the settings name, over libcurl. Blocking, thread-safe:
 * each call borrows an easy handle, and with it a kept-alive connection, from a pool that grows to the
 * number of threads that call at once. Redirects are never followed, no proxy and no netrc is read from
 * the environment, certificates are always verified. Plain http is accepted for a loopback address only.
 * Sources: faults.md section 4 "SSRF", pitfalls 3.4 (libcurl has no time-outs of its own and raises
 * signals while resolving). */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "str.h"

#define HTTP_BODY_BYTES_MAX  (1024 * 1024)
#define HTTP_HEADER_LINE_MAX 1024
#define HTTP_HEADERS_MAX     16

struct http_client;

struct http_client_options {
	const char *url;    /* scheme://host[:port][/path], no user, query or fragment */
	int64_t connect_ms; /* resolving, connecting and TLS together */
	int64_t timeout_ms; /* one call in all, connecting included */
};

/* Errors ERR_FATAL http_config (bad url, plain http to somewhere else, out of memory). */
enum err_kind http_client_open(const struct http_client_options *options, struct http_client **ret_client,
			       struct err *err) MUST_CHECK;
/* No call may be under way. NULL is fine. */
void http_client_close(struct http_client *client);

struct http_request {
	/* "/v1/refunds?limit=100": ids in it were checked or escaped by the caller */
	const char *path;
	/* application/x-www-form-urlencoded body; NULL: a GET */
	const char *form;
	/* "Name: value"; NULL ends */
	const char *headers[HTTP_HEADERS_MAX];
	/* As deadline_in_ms tells it: the call ends by then, if not before; 0: the client's timeout_ms alone */
	int64_t deadline_ms;
	/* NULL, or passed when the reply begins to arrive: the request was sent, the reply is not read */
	const char *crash_point;
};

struct http_response {
	long status;
	struct buf body;         /* at most HTTP_BODY_BYTES_MAX */
	struct buf header_lines; /* the last answer's header lines, each ended by '\n' */
};

void http_response_init(struct http_response *response);
void http_response_release(struct http_response *response);
#define HTTP_RESPONSE_SCOPE __attribute__((cleanup(http_response_release)))

/* The value of the first header of that name (without regard to case), copied into ret_value; "" when
 * absent or too long. */
void http_response_header(const struct http_response *response, const char *name, char *ret_value,
			  size_t cap);

/* At most one request leaves. ERR_OK means a whole answer was read, of whatever status. Else the kind
 * says what was seen:
 *   ERR_RETRY  http_no_connection: not resolved, not connected, TLS refused; not one byte of the request
 *              left.
 *   ERR_UNSURE http_timeout, http_cut, http_too_large, http_failed: bytes left and no whole answer came
 *              back. */
enum err_kind http_client_call(struct http_client *client, const struct http_request *request,
			       struct http_response *ret_response, struct err *err) MUST_CHECK;

/* Append "name=value" to an urlencoded text, with '&' in front unless form is empty; everything but RFC
 * 3986's unreserved is escaped. */
void http_form_add(struct buf *form, const char *name, const char *value);

#endif
