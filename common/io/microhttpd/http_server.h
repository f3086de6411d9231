/* http_server.h: HTTP/1.1 over libmicrohttpd. Its I/O threads (epoll) only parse; a request that must wait is a plain blocking function on
 * a job thread while its connection is suspended. Bounded pools, fast, stripe and webhook; what does not fit is 503 with Retry-After.
 * Works alike with libmicrohttpd 0.9.75 and 1.0. Source: design.md section 6, pitfalls.md 3.2, faults.md 2.1. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdint.h>

#include "address.h"
#include "arena.h"
#include "err.h"
#include "forwarded.h"
#include "http_route.h"
#include "str.h"

#define HTTP_HEADERS_MAX 24
#define HTTP_TRACE_BYTES 56

/* One request. Owned by the server, valid until the handler (and done) returned; everything in it and in arena ends with it. */
struct http_request {
	struct arena *arena;
	const struct http_route *route; /* NULL when the server itself refuses */
	enum http_method method;
	unsigned allow; /* methods that the path knows, as in http_match */
	const char *
		params[HTTP_PARAMS_MAX]; /* {name} segments in order, as sent (not decoded), NUL-terminated */
	const char *path;                /* as sent, its query behind it; NULL while it is malformed */
	const char *query;               /* raw, "" when there is none */
	const char *body;                /* NUL-terminated after body_len; never NULL; may hold NUL bytes */
	size_t body_len;
	struct address client;              /* who asks: the peer, or whom our proxies name */
	char traceparent[HTTP_TRACE_BYTES]; /* child of the caller's, or fresh */
	void *user;                         /* for admit to leave something to the handler */
	/* A handler that finds out that it must wait for more than its pool is for sets both and returns: this one then runs in that pool
	 * with the same request, after no second admit, and *response as it was left. */
	http_handler *next;
	enum http_pool next_pool;
	void *connection; /* the server's own */
};

/* Filled by a handler; starts as 200 with an empty body. body is bounded to 2 MiB. */
struct http_response {
	int status;
	const char *content_type; /* static; NULL: application/json */
	struct buf body;
	const char *code; /* static or in the request's arena: error code for the log, NULL when fine */
	bool close;       /* end the connection after this answer */
	int header_count;
	struct {
		const char *name, *value;
	} headers[HTTP_HEADERS_MAX];
};

/* value is copied into the request's arena; name is static. Values with control bytes are dropped. */
void http_response_add_header(struct http_request *request, struct http_response *response, const char *name,
			      const char *value);

/* First value of a header, NULL when absent; name without regard to case. */
const char *http_request_header(const struct http_request *request, const char *name);
/* How often it came. */
int http_request_header_count(const struct http_request *request, const char *name);
/* Decoded value of a query parameter in the arena; NULL when absent or not valid UTF-8; *ret_count (may be NULL) how often it came. */
const char *http_request_query(const struct http_request *request, const char *name, int *ret_count);
/* False when the query names a parameter that is not in allowed (NULL-terminated); *ret_name is then the name, in the arena. */
bool http_request_query_only(const struct http_request *request, const char *const *allowed,
			     const char **ret_name);

struct http_server_options {
	const char *listen; /* "127.0.0.1:8080", "[::1]:0", "0.0.0.0:8080": numeric host, port 0 = any free */
	const struct http_route *routes; /* borrowed while the server runs */
	size_t route_count;
	void *context;                                     /* given to every function below and to handlers */
	int io_threads;                                    /* 0: 1 */
	int fast_threads, stripe_threads, webhook_threads; /* 0: no such pool */
	int queue_max;                                     /* waiting jobs per pool; 0: 256 */
	int connections_max;                               /* 0: 512 */
	int per_address_max; /* connections of one address that is not trusted; 0: no limit */
	const struct address_ranges
		*trusted; /* proxies of ours, believed when they say who asks; NULL: none. Borrowed */
	enum forwarded_style style; /* how they say it */
	int64_t idle_ms;            /* 0: 10000 */
	int64_t total_ms;           /* to receive a request, and to send its answer; 0: 15000 */

	/* Runs before a handler, on its thread. False: *response is the answer. NULL: everybody is let in. */
	bool (*admit)(void *context, struct http_request *request, struct http_response *response);
	/* Body of an answer that the server gives itself (400 bad_request, 404 not_found, 405 method_not_allowed, 413 too_large,
	 * 431 headers_too_large, 503 busy ...). Must not block. NULL: an empty body. */
	void (*refuse)(void *context, struct http_request *request, struct http_response *response,
		       const char *code, const char *message);
	/* Last touch to every answer: common headers, log line, metrics. Must not block. NULL: nothing. took_us from the request line on. */
	void (*done)(void *context, struct http_request *request, struct http_response *response,
		     int64_t took_us);
};

struct http_server;

/* Listen and start all threads. Errors ERR_FATAL http_listen, http_route (a route without a rule, handler or pool). */
enum err_kind http_server_open(const struct http_server_options *options, struct http_server **ret_server,
			       struct err *err) MUST_CHECK;

/* "127.0.0.1:43121": where it really listens. Borrowed. */
const char *http_server_address(const struct http_server *server);

/* Accept no new connections; what is connected is still answered, then closed. Returns at once. Thread-safe. */
void http_server_stop(struct http_server *server);

/* Stop, wait for what is in flight until deadline_ms (monotonic, clock.h), free everything. False: jobs still ran at the deadline, then
 * nothing is freed and the process should exit. NULL is fine. */
bool http_server_close(struct http_server *server, int64_t deadline_ms);

/* For metrics. */
struct http_server_stats {
	int connections;
	int queued[HTTP_POOLS], running[HTTP_POOLS];
	int64_t refused_busy;
	int64_t refused_address; /* connections of an address that has too many */
	int64_t ended_idle;      /* connections, to make room */
};
void http_server_stats(const struct http_server *server, struct http_server_stats *ret_stats);

#endif
