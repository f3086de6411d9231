/* http_route.h: which handler answers a path, and what it may be asked with. Pure matching; paths match without case. */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

struct http_request;
struct http_response;

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_OPTIONS };

/* Where a handler runs. INLINE is on the I/O thread and must never block (pages, admin). */
enum http_pool { HTTP_POOL_INLINE, HTTP_POOL_FAST, HTTP_POOL_STRIPE, HTTP_POOL_WEBHOOK };
#define HTTP_POOLS 4

#define HTTP_BODY_BYTES 16384
#define HTTP_PARAMS_MAX 4

/* Fills *response. context is http_server_options.context. What it may block for is its pool's business. */
typedef void http_handler(void *context, struct http_request *request, struct http_response *response);

struct http_route {
	enum http_method method;
	const char *pattern; /* "/api/Sessions/{id}/cancel": literal segments and {name} segments */
	unsigned
		rule; /* who may call, in the words of http_server_options.admit. 0 means nobody: http_server_open refuses it */
	enum http_pool pool;
	size_t body_bytes_max; /* 0: HTTP_BODY_BYTES */
	http_handler *handler;
};

/* A piece of the raw path, not NUL-terminated. */
struct http_piece {
	const char *text;
	size_t len;
};

struct http_match {
	const struct http_route
		*route; /* NULL: the path is unknown, or known with other methods only (allow is not 0) */
	unsigned allow; /* bit (1 << method) for each method that the path knows */
	struct http_piece params[HTTP_PARAMS_MAX];
	int param_count;
};

/* Match a raw path that http_path_is_clean. Of patterns that fit, those with the fewest {name} segments are meant, with their methods alone;
 * of these the first in the table. */
void http_route_match(const struct http_route *routes, size_t count, enum http_method method,
		      const char *path, size_t path_len, struct http_match *ret_match);

/* One '/' first; printable ASCII; no empty, "." or ".." segment (one trailing '/' is fine); each '%' with two hex digits that do not
 * spell a control byte, '/', '\' or '.'. The library decodes before it matches and cuts at %00, so this looks at the bytes as sent. */
bool http_path_is_clean(const char *path, size_t len);

/* "GET", ... ; HEAD is answered as GET. False: a verb that no route has. */
bool http_method_decode(const char *verb, enum http_method *ret_method);
const char *http_method_name(enum http_method method);
/* "GET, POST, OPTIONS" for an Allow header. */
void http_allow(unsigned allow, char *ret_text, size_t cap);

#endif
