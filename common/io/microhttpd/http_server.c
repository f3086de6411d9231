#include "http_server.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "http_exchange.h"
#include "http_listen.h"
#include "id.h"

/* Twice the header limit: the library keeps both directions in it. */
#define CONNECTION_BYTES (2 * 16384 + 4096)

/* The library keeps 64 bytes for each parameter and gives up, without an answer, when its memory is full. */
#define PARAMS_MAX 64

/* One connection. */
struct http_line {
	struct http_watched *watched;
	struct http_exchange *exchange; /* of the request it is at; NULL between two */
};

static struct http_line *line_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static enum MHD_Result send_answer(struct http_exchange *exchange)
{
	const struct http_response *answer = &exchange->response;
	struct MHD_Response *response;
	enum MHD_Result queued;

	response = MHD_create_response_from_buffer(answer->body.len,
						   answer->body.data ? answer->body.data : (char[]){""},
						   MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	if (answer->body.len)
		MHD_add_response_header(response, "Content-Type",
					answer->content_type ? answer->content_type
							     : "application/json; charset=utf-8");
	for (int i = 0; i < answer->header_count; i++)
		MHD_add_response_header(response, answer->headers[i].name, answer->headers[i].value);
	if (answer->close || atomic_load(&exchange->server->stopping))
		MHD_add_response_header(response, "Connection", "close");
	http_watch_start(exchange->watched);
	queued = MHD_queue_response(exchange->connection, (unsigned)answer->status, response);
	MHD_destroy_response(response);
	return queued;
}

/* Where the library takes no answer, the answer is written to the socket as it is, and the connection ends. */
static void send_raw(struct http_exchange *exchange, const char *status_line)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_response *answer = &exchange->response;
	char scrap[4096];
	struct buf out;

	if (!info)
		return;
	buf_init(&out, 2 * HTTP_BODY_BYTES);
	buf_addf(&out, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n", status_line,
		 answer->body.len);
	buf_add(&out, "Content-Type: application/json; charset=utf-8\r\n");
	for (int i = 0; i < answer->header_count; i++)
		buf_addf(&out, "%s: %s\r\n", answer->headers[i].name, answer->headers[i].value);
	buf_add(&out, "\r\n");
	buf_add_bytes(&out, answer->body.data, answer->body.len);
	if (!out.failed && send(info->connect_fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
		shutdown(info->connect_fd, SHUT_WR);
		/* Bytes left unread would reset the line before the peer has read the answer. */
		for (int i = 0; i < 64 && recv(info->connect_fd, scrap, sizeof scrap, MSG_DONTWAIT) > 0; i++)
			;
	}
	buf_release(&out);
}

/* A body that is too large although its length was not announced: the library takes no answer while it reads a body. */
static enum MHD_Result refuse_body(struct http_exchange *exchange)
{
	http_exchange_refuse(exchange, 413, "too_large", "The request body is too large.");
	send_raw(exchange, "413 Content Too Large");
	return MHD_NO;
}

static void submit(struct http_exchange *exchange, enum http_pool pool)
{
	struct http_server *server = exchange->server;

	if (http_pool_submit(server->pools[pool], &exchange->job))
		return;
	atomic_fetch_add(&server->refused_busy, 1);
	http_exchange_refuse(exchange, 503, "busy",
			     "Too many requests wait already; please try again in a moment.");
	MHD_resume_connection(exchange->connection);
}

static void job_run(struct http_job *job)
{
	struct http_exchange *exchange = (struct http_exchange *)job;

	http_exchange_run(exchange);
	if (exchange->answered)
		MHD_resume_connection(exchange->connection);
	else
		submit(exchange, exchange->request.next_pool);
}

static void job_refuse(struct http_job *job)
{
	struct http_exchange *exchange = (struct http_exchange *)job;

	http_exchange_refuse(exchange, 503, "stopping", "Please try again in a moment.");
	MHD_resume_connection(exchange->connection);
}

/* The request is whole: answer it here, or hand it to its pool and suspend the connection. */
static enum MHD_Result dispatch(struct http_exchange *exchange)
{
	enum http_pool pool = exchange->request.route->pool;

	http_watch_pause(exchange->watched);
	if (!exchange->server->pools[pool]) {
		http_exchange_run(exchange);
		return send_answer(exchange);
	}
	/* Suspended before it is handed over: the job may resume it before this returns. */
	MHD_suspend_connection(exchange->connection);
	submit(exchange, pool);
	return MHD_YES;
}

static enum MHD_Result on_access(void *context, struct MHD_Connection *connection, const char *url,
				 const char *verb, const char *version, const char *upload,
				 size_t *upload_len, void **request_context)
{
	struct http_exchange *exchange = *request_context;

	(void)context, (void)connection, (void)url;
	if (!exchange)
		return MHD_NO;
	if (!exchange->begun) {
		http_exchange_begin(exchange, verb, version);
		/* The library closes the connection after an answer that it gets in this call. */
		return exchange->answered && exchange->response.close ? send_answer(exchange) : MHD_YES;
	}
	if (*upload_len) {
		buf_add_bytes(&exchange->body, upload, *upload_len);
		*upload_len = 0;
		return exchange->body.failed ? refuse_body(exchange) : MHD_YES;
	}
	return exchange->answered ? send_answer(exchange) : dispatch(exchange);
}

static bool has_too_many_params(const char *uri)
{
	int count = 0;

	for (; *uri; uri++)
		count += *uri == '&';
	return count >= PARAMS_MAX;
}

/* What is returned here comes back as the request's context; without one the connection ends. */
static void *on_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
	struct http_line *line = line_of(connection);
	struct http_exchange *exchange;

	if (!line || !uri)
		return NULL;
	http_exchange_free(line->exchange); /* left over, see on_connection */
	exchange = line->exchange = http_exchange_new(context, connection, uri);
	if (!exchange)
		return NULL;
	exchange->watched = line->watched;
	http_watch_start(exchange->watched);
	if (!has_too_many_params(uri))
		return exchange;
	id_traceparent_child(NULL, exchange->request.traceparent);
	http_exchange_refuse(exchange, 414, "bad_request", "The query has too many parameters.");
	send_raw(exchange, "414 URI Too Long");
	http_exchange_free(exchange);
	line->exchange = NULL;
	return NULL;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_context,
			 enum MHD_RequestTerminationCode why)
{
	struct http_exchange *exchange = *request_context;
	struct http_line *line = line_of(connection);

	(void)context, (void)why;
	if (!exchange)
		return;
	http_watch_start(exchange->watched);
	http_exchange_free(exchange);
	*request_context = NULL;
	if (line)
		line->exchange = NULL;
}

static bool is_ours(const struct http_server *server, const struct address *peer)
{
	return server->options.trusted && address_is_in(peer, server->options.trusted);
}

/* Before the library spends anything on it. */
static enum MHD_Result on_accept(void *context, const struct sockaddr *from, socklen_t from_len)
{
	struct http_server *server = context;
	struct address peer = address_of_peer(from), household = address_household(&peer);

	(void)from_len;
	if (is_ours(server, &peer) || http_watch_has_room(server->watch, &household))
		return MHD_YES;
	atomic_fetch_add(&server->refused_address, 1);
	return MHD_NO;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct http_server *server = context;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_line *line = *socket_context;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED && line) {
		/* on_completed never came when the library ran out of memory between on_uri and on_access. */
		http_exchange_free(line->exchange);
		http_watch_leave(server->watch, line->watched);
		free(line);
		*socket_context = NULL;
	} else if (what == MHD_CONNECTION_NOTIFY_STARTED && info) {
		struct address peer = http_peer(connection), household = address_household(&peer);

		line = calloc(1, sizeof *line);
		if (line)
			line->watched = http_watch_enter(server->watch, info->connect_fd,
							 is_ours(server, &peer) ? NULL : &household);
		*socket_context = line;
	}
}

/* What 0.9.75 refuses when it is strict (no Host, a blank in the path) it answers with a page of its own, or not at all, and the rest it
 * reads alike: http_framing and http_route refuse both in our words. In 1.0 strictness means more. */
static int strictness(void)
{
	return MHD_get_version()[0] == '0' ? 0 : 1;
}

static enum err_kind start_daemon(struct http_server *server, struct err *err)
{
	const struct http_server_options *options = &server->options;
	struct MHD_OptionItem more[] = {
		{MHD_OPTION_THREAD_POOL_SIZE, options->io_threads, NULL},
		{MHD_OPTION_END, 0, NULL},
	};

	server->daemon = MHD_start_daemon(
		MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, on_accept, server, on_access,
		server, MHD_OPTION_LISTEN_SOCKET, server->socket, MHD_OPTION_URI_LOG_CALLBACK, on_uri, server,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, server, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->connections_max,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)((options->idle_ms + 999) / 1000),
		MHD_OPTION_STRICT_FOR_CLIENT, strictness(), MHD_OPTION_ARRAY,
		options->io_threads > 1 ? more : more + 1, MHD_OPTION_END);
	if (!server->daemon)
		return err_set(err, ERR_FATAL, "http_listen", "cannot serve HTTP on %s", server->address);
	return ERR_OK;
}

static enum err_kind check_routes(const struct http_server_options *options, struct err *err)
{
	for (size_t i = 0; i < options->route_count; i++) {
		const struct http_route *route = &options->routes[i];
		bool pool = route->pool == HTTP_POOL_INLINE
			    || (route->pool == HTTP_POOL_FAST && options->fast_threads)
			    || (route->pool == HTTP_POOL_STRIPE && options->stripe_threads)
			    || (route->pool == HTTP_POOL_WEBHOOK && options->webhook_threads);

		if (!route->rule || !route->handler || !pool)
			return err_set(err, ERR_FATAL, "http_route", "route %s has no rule, handler or pool",
				       route->pattern);
	}
	return ERR_OK;
}

static enum err_kind start_pools(struct http_server *server, struct err *err)
{
	const struct {
		const char *name;
		enum http_pool pool;
		int threads;
	} wanted[] = {
		{"http-fast", HTTP_POOL_FAST, server->options.fast_threads},
		{"http-stripe", HTTP_POOL_STRIPE, server->options.stripe_threads},
		{"http-webhook", HTTP_POOL_WEBHOOK, server->options.webhook_threads},
	};

	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		struct http_pool_options pool = {wanted[i].name, wanted[i].threads, server->options.queue_max,
						 job_run, job_refuse};

		if (pool.threads && http_pool_open(&pool, &server->pools[wanted[i].pool], err))
			return err->kind;
	}
	return ERR_OK;
}

static void set_defaults(struct http_server_options *options)
{
	options->io_threads = options->io_threads ? options->io_threads : 1;
	options->queue_max = options->queue_max ? options->queue_max : 256;
	options->connections_max = options->connections_max ? options->connections_max : 512;
	options->idle_ms = options->idle_ms ? options->idle_ms : 10000;
	options->total_ms = options->total_ms ? options->total_ms : 15000;
}

static enum err_kind open_silence(struct http_server *server, struct err *err)
{
	server->silence = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->silence < 0)
		return err_set(err, ERR_FATAL, "http_listen", "eventfd: %s", strerror(errno));
	return ERR_OK;
}

enum err_kind http_server_open(const struct http_server_options *options, struct http_server **ret_server,
			       struct err *err)
{
	struct http_watch_options watch;
	struct http_server *server;

	if (check_routes(options, err))
		return err->kind;
	server = calloc(1, sizeof *server);
	if (!server)
		return err_set(err, ERR_FATAL, "memory", "no memory for the HTTP server");
	server->options = *options;
	set_defaults(&server->options);
	server->socket = server->silence = -1;
	/* Places stay free for those that come, while the longest waiting make room. */
	watch = (struct http_watch_options){.total_ms = server->options.total_ms,
					    .crowded_at = server->options.connections_max * 7 / 8,
					    .per_address_max = server->options.per_address_max};
	signal(SIGPIPE, SIG_IGN); /* a peer that goes away is an error code, not a death */
	if (open_silence(server, err)
	    || http_listen(options->listen, &server->socket, server->address, sizeof server->address, err)
	    || http_watch_open(&watch, &server->watch, err) || start_pools(server, err)
	    || start_daemon(server, err)) {
		http_server_close(server, deadline_in_ms(1000));
		return err->kind;
	}
	*ret_server = server;
	return ERR_OK;
}

const char *http_server_address(const struct http_server *server)
{
	return server->address;
}

/* What nobody can connect to takes the place of the listening socket, which the kernel closes and takes out of every epoll. Not
 * MHD_quiesce_daemon: 0.9.75 dies when one of its threads wakes in the middle of it, because both take the socket out. */
void http_server_stop(struct http_server *server)
{
	if (!server || atomic_exchange(&server->stopping, true) || !server->daemon)
		return;
	(void)dup2(server->silence, server->socket);
}

/* Before the daemon is stopped: 0.9.75 dies when it is while it writes an answer of its own (it takes an answer that was refused because of
 * the stop for one that was queued). */
static void end_connections(struct http_server *server, int64_t deadline_ms)
{
	http_watch_shut(server->watch);
	while (http_watch_count(server->watch) > 0 && deadline_left_ms(deadline_ms) > 0)
		usleep(1000);
}

bool http_server_close(struct http_server *server, int64_t deadline_ms)
{
	bool rested = true;

	if (!server)
		return true;
	http_server_stop(server);
	while (atomic_load(&server->in_flight) > 0 && deadline_left_ms(deadline_ms) > 0)
		usleep(5000);
	for (int i = 0; i < HTTP_POOLS; i++)
		rested &= http_pool_close(server->pools[i], deadline_ms);
	if (!rested)
		return false;
	if (server->daemon) {
		end_connections(server, deadline_ms);
		MHD_stop_daemon(server->daemon); /* closes the socket's number too */
		server->socket = -1;
	}
	http_watch_close(server->watch);
	if (server->socket >= 0)
		close(server->socket);
	if (server->silence >= 0)
		close(server->silence);
	free(server);
	return true;
}

void http_server_stats(const struct http_server *server, struct http_server_stats *ret_stats)
{
	*ret_stats = (struct http_server_stats){.connections = http_watch_count(server->watch),
						.refused_busy = atomic_load(&server->refused_busy),
						.refused_address = atomic_load(&server->refused_address),
						.ended_idle = http_watch_ended(server->watch)};
	for (int i = 0; i < HTTP_POOLS; i++)
		if (server->pools[i])
			http_pool_counts(server->pools[i], &ret_stats->queued[i], &ret_stats->running[i]);
}
