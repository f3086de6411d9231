/* http_exchange.h: one request and its answer inside the server. Private to this room. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <microhttpd.h>
#include <stdatomic.h>

#include "http_pool.h"
#include "http_server.h"
#include "http_watch.h"

#define HTTP_ARENA_BYTES    (8 * 1024 * 1024)
#define HTTP_RESPONSE_BYTES (2 * 1024 * 1024)

struct http_server {
	struct http_server_options options;
	struct MHD_Daemon *daemon;
	struct http_watch *watch;
	struct http_job_pool *pools[HTTP_POOLS]; /* INLINE stays NULL */
	char address[96];
	int socket;
	int silence; /* takes its place when nobody shall connect any more */
	atomic_bool stopping;
	_Atomic int64_t refused_busy, refused_address;
	atomic_int in_flight;
};

/* The other end of a connection. */
struct address http_peer(struct MHD_Connection *connection);

struct http_exchange {
	struct http_job job; /* first member */
	struct http_request request;
	struct http_response response;
	struct http_server *server;
	struct MHD_Connection *connection;
	struct http_watched *watched;
	struct arena arena;
	struct buf body;
	size_t body_bytes_max;
	const char *raw_uri;
	uintptr_t uri_at; /* where the library keeps raw_uri, to see what it skipped */
	int64_t started_us;
	bool begun, answered;
};

/* NULL when memory is out. raw_uri is copied. */
struct http_exchange *http_exchange_new(struct http_server *server, struct MHD_Connection *connection,
					const char *raw_uri);
void http_exchange_free(struct http_exchange *exchange);

/* First look at the request line and headers: refuses (then exchange->answered) or sets route and limits. When response.close is not set, the
 * answer is for after the body. */
void http_exchange_begin(struct http_exchange *exchange, const char *verb, const char *version);

/* Make *response an answer of the server itself. */
void http_exchange_refuse(struct http_exchange *exchange, int status, const char *code, const char *message);

/* Run admit, handler and done on this thread. Not answered afterwards: the handler wants to go on in request.next_pool. */
void http_exchange_run(struct http_exchange *exchange);

#endif
