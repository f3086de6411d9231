#include "http_exchange.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "http_framing.h"
#include "id.h"

static int64_t monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct http_exchange *http_exchange_new(struct http_server *server, struct MHD_Connection *connection,
					const char *raw_uri)
{
	struct http_exchange *exchange = calloc(1, sizeof *exchange);

	if (!exchange)
		return NULL;
	exchange->server = server;
	exchange->connection = connection;
	exchange->started_us = monotonic_us();
	arena_init(&exchange->arena, HTTP_ARENA_BYTES);
	buf_init(&exchange->response.body, HTTP_RESPONSE_BYTES);
	exchange->response.status = 200;
	exchange->request.arena = &exchange->arena;
	exchange->request.connection = connection;
	exchange->request.query = "";
	exchange->request.body = "";
	exchange->uri_at = (uintptr_t)raw_uri;
	exchange->raw_uri = arena_strdup(&exchange->arena, raw_uri);
	if (!exchange->raw_uri) {
		http_exchange_free(exchange);
		return NULL;
	}
	atomic_fetch_add(&server->in_flight, 1);
	return exchange;
}

void http_exchange_free(struct http_exchange *exchange)
{
	if (!exchange)
		return;
	if (exchange->raw_uri)
		atomic_fetch_sub(&exchange->server->in_flight, 1);
	buf_release(&exchange->body);
	buf_release(&exchange->response.body);
	arena_release(&exchange->arena);
	free(exchange);
}

static void finish(struct http_exchange *exchange)
{
	const struct http_server_options *options = &exchange->server->options;

	if (exchange->response.body.failed) {
		buf_reset(&exchange->response.body);
		exchange->response.status = 500;
		exchange->response.code = "internal";
		if (options->refuse)
			options->refuse(options->context, &exchange->request, &exchange->response, "internal",
					"Something went wrong on our side.");
	}
	if (options->done)
		options->done(options->context, &exchange->request, &exchange->response,
			      monotonic_us() - exchange->started_us);
	exchange->answered = true;
}

void http_exchange_refuse(struct http_exchange *exchange, int status, const char *code, const char *message)
{
	const struct http_server_options *options = &exchange->server->options;
	struct http_response *response = &exchange->response;
	char allow[64];

	buf_reset(&response->body);
	response->status = status;
	response->code = code;
	if (status == 405) {
		http_allow(exchange->request.allow, allow, sizeof allow);
		http_response_add_header(&exchange->request, response, "Allow", allow);
	}
	if (status == 503)
		http_response_add_header(&exchange->request, response, "Retry-After", "1");
	if (options->refuse)
		options->refuse(options->context, &exchange->request, response, code, message);
	finish(exchange);
}

void http_exchange_run(struct http_exchange *exchange)
{
	const struct http_server_options *options = &exchange->server->options;
	struct http_request *request = &exchange->request;

	http_handler *next = request->next;

	request->next = NULL;
	if (exchange->body.data) {
		request->body = exchange->body.data;
		request->body_len = exchange->body.len;
	}
	if (next)
		next(options->context, request, &exchange->response);
	else if (!options->admit || options->admit(options->context, request, &exchange->response))
		request->route->handler(options->context, request, &exchange->response);
	if (!request->next)
		finish(exchange);
}

/* All headers, and whether each byte of the request's head belongs to something that was handed over. 0.9.75 cuts strings at a NUL, and
 * takes a line that starts with a NUL or a colon for the end of the headers; 1.0 refuses both. Names and values lie in the order and at
 * the distance in which they were sent, so what was cut is a gap. */
struct head_walk {
	struct http_framing framing;
	struct forwarded_lines forwarded;
	const char *forwarded_header; /* NULL: not read */
	uintptr_t at;                 /* where the next line must begin */
	bool gap;
};

static enum MHD_Result add_header(void *argument, enum MHD_ValueKind kind, const char *name, size_t name_len,
				  const char *value, size_t value_len)
{
	struct head_walk *walk = argument;
	uintptr_t value_at = value ? (uintptr_t)value : (uintptr_t)name + name_len + 1;

	(void)kind;
	http_framing_add(&walk->framing, name, name_len, value ? value : "", value ? value_len : 0);
	if (walk->forwarded_header && str_ieq(name, walk->forwarded_header))
		forwarded_add(&walk->forwarded, value ? value : "", value ? value_len : 0);
	walk->gap |= (uintptr_t)name != walk->at || value_at <= (uintptr_t)name + name_len;
	walk->at = value_at + (value ? value_len : 0) + 2;
	return MHD_YES;
}

static void walk_head(const struct http_exchange *exchange, const char *verb, const char *version,
		      struct head_walk *walk)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	uintptr_t end = info ? (uintptr_t)verb + info->header_size : 0;
	bool cuts = MHD_get_version()[0] == '0';

	walk->framing.bytes = strlen(verb) + strlen(exchange->raw_uri) + strlen(version) + 4;
	walk->gap = exchange->uri_at != (uintptr_t)verb + strlen(verb) + 1
		    || (uintptr_t)version != exchange->uri_at + strlen(exchange->raw_uri) + 1;
	walk->at = (uintptr_t)version + strlen(version) + 2;
	MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, add_header, walk);
	walk->gap |= walk->at + 2 != end;
	walk->framing.bad_line |= cuts && walk->gap;
}

struct address http_peer(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return address_of_peer(info ? info->client_addr : NULL);
}

static bool take_params(struct http_request *request, const struct http_match *match)
{
	for (int i = 0; i < match->param_count; i++) {
		request->params[i] =
			arena_strndup(request->arena, match->params[i].text, match->params[i].len);
		if (!request->params[i])
			return false;
	}
	return true;
}

static size_t body_bytes_max(const struct http_route *route)
{
	return route && route->body_bytes_max ? route->body_bytes_max : HTTP_BODY_BYTES;
}

/* Path and method: answers what has no handler, else sets the route. */
static void find_route(struct http_exchange *exchange, bool known_verb)
{
	const struct http_server_options *options = &exchange->server->options;
	struct http_request *request = &exchange->request;
	size_t path_len = strcspn(exchange->raw_uri, "?");
	enum http_method method = known_verb ? request->method : HTTP_OPTIONS;
	struct http_match match;
	char allow[64];

	if (!http_path_is_clean(exchange->raw_uri, path_len) || strchr(exchange->raw_uri, ' ')) {
		exchange->response.close = true;
		http_exchange_refuse(exchange, 400, "bad_request", "The path is malformed.");
		return;
	}
	request->path = exchange->raw_uri;
	if (exchange->raw_uri[path_len])
		request->query = exchange->raw_uri + path_len + 1;
	http_route_match(options->routes, options->route_count, method, exchange->raw_uri, path_len, &match);
	request->allow = match.allow;
	request->route = match.route;
	if (!match.allow) {
		http_exchange_refuse(exchange, 404, "not_found", "There is nothing here.");
	} else if (known_verb && method == HTTP_OPTIONS && !match.route) {
		http_allow(match.allow, allow, sizeof allow);
		http_response_add_header(request, &exchange->response, "Allow", allow);
		exchange->response.status = 204;
		finish(exchange);
	} else if (!match.route) {
		http_exchange_refuse(exchange, 405, "method_not_allowed", "This method is not allowed here.");
	} else if (!take_params(request, &match)) {
		http_exchange_refuse(exchange, 503, "busy", "Please try again in a moment.");
	}
}

/* Of those that no route has: it ends where its length says, and so does its answer. */
static bool is_plain_verb(const char *verb)
{
	return str_eq(verb, "DELETE") || str_eq(verb, "PATCH");
}

void http_exchange_begin(struct http_exchange *exchange, const char *verb, const char *version)
{
	struct http_request *request = &exchange->request;
	struct head_walk walk = {0};
	const struct http_framing *framing = &walk.framing;
	const struct http_server_options *options = &exchange->server->options;
	const char *code, *message;
	bool known_verb;
	int status;

	exchange->begun = true;
	request->client = http_peer(exchange->connection);
	if (options->trusted)
		walk.forwarded_header = forwarded_header(options->style);
	walk_head(exchange, verb, version, &walk);
	if (options->trusted)
		request->client =
			forwarded_client(&walk.forwarded, options->style, &request->client, options->trusted);
	known_verb = http_method_decode(verb, &request->method);
	id_traceparent_child(http_request_header(request, "traceparent"), request->traceparent);
	/* First without the body's limit, which the route knows. */
	status = http_framing_verdict(framing, version, SIZE_MAX / 2, &code, &message);
	if (!status)
		find_route(exchange, known_verb);
	exchange->body_bytes_max = body_bytes_max(request->route);
	if (!status && !exchange->answered)
		status = http_framing_verdict(framing, version, exchange->body_bytes_max, &code, &message);
	if (status == 415)
		http_response_add_header(request, &exchange->response, "Accept-Encoding", "identity");
	if (status) {
		exchange->response.close = true;
		http_exchange_refuse(exchange, status, code, message);
	}
	/* No request may follow a body that is not read to its end. Nor chunks: their trailer is read as carelessly as the headers, and
	 * nobody sees it. Nor a verb that others may frame in their own way. */
	exchange->response.close |= framing->length > (int64_t)exchange->body_bytes_max || framing->encodings
				    || !(known_verb || is_plain_verb(verb));
	buf_init(&exchange->body, exchange->body_bytes_max);
}
