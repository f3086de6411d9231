#include "answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "id.h"
#include "log.h"
#include "metrics.h"
#include "origins.h"
#include "session_json.h"
#include "str.h"

void answer_trace_id(const struct http_request *request, char ret_trace[ANSWER_TRACE_BYTES])
{
	memcpy(ret_trace, request->traceparent + 3, ANSWER_TRACE_BYTES - 1);
	ret_trace[ANSWER_TRACE_BYTES - 1] = '\0';
}

void answer_open(struct http_response *response, const char *message)
{
	buf_add(&response->body, "{\"success\":true,\"message\":");
	session_encode_text(message, &response->body);
	buf_add(&response->body, ",\"data\":");
}

void answer_close(struct http_response *response, struct instant now)
{
	buf_add(&response->body, ",\"serverTime\":");
	session_encode_instant(now, &response->body);
	buf_add(&response->body, "}");
}

void answer_error(struct http_request *request, struct http_response *response,
		  const struct answer_error *error)
{
	answer_error_with(request, response, error, "null");
}

/* The envelope of an error, without its last brace. */
static void open_error(struct http_request *request, struct http_response *response,
		       const struct answer_error *error, const char *data)
{
	struct buf *body = &response->body;
	char trace[ANSWER_TRACE_BYTES];

	answer_trace_id(request, trace);
	buf_reset(body);
	response->status = error->status;
	response->code = error->code;
	buf_add(body, "{\"success\":false,\"message\":");
	session_encode_text(error->message, body);
	buf_addf(body, ",\"data\":%s,\"code\":\"%s\",\"details\":", data, error->code);
	if (error->field && *error->field) {
		buf_add(body, "[{\"field\":");
		session_encode_text(error->field, body);
		buf_add(body, ",\"message\":");
		session_encode_text(error->message, body);
		buf_add(body, "}]");
	} else {
		buf_add(body, "null");
	}
	buf_addf(body, ",\"traceId\":\"%s\"", trace);
}

void answer_error_with(struct http_request *request, struct http_response *response,
		       const struct answer_error *error, const char *data)
{
	open_error(request, response, error, data);
	buf_add(&response->body, "}");
}

void answer_too_many(struct http_request *request, struct http_response *response, const char *message,
		     int64_t retry_after_s)
{
	const struct answer_error error = {429, "too_many_requests", message, NULL};
	char seconds[24];

	(void)snprintf(seconds, sizeof seconds, "%" PRId64, retry_after_s);
	http_response_add_header(request, response, "Retry-After", seconds);
	open_error(request, response, &error, "null");
	buf_addf(&response->body, ",\"retryAfter\":%s}", seconds);
}

void answer_try_again(struct http_request *request, struct http_response *response)
{
	http_response_add_header(request, response, "Retry-After", "1");
	answer_error(request, response,
		     &(struct answer_error){503, "unavailable", "Please try again in a moment.", NULL});
}

void answer_database_error(struct http_request *request, struct http_response *response,
			   const struct err *err)
{
	bool may_pass =
		err->kind == ERR_RETRY || err->kind == ERR_UNSURE || strcmp(err->code, "pg_config") == 0;
	char trace[ANSWER_TRACE_BYTES];

	answer_trace_id(request, trace);
	LOG(may_pass ? LOG_WARN : LOG_ERROR, "database failed", LOG_S("code", err->code),
	    LOG_S("why", err->msg), LOG_S("trace", trace));
	if (may_pass)
		answer_try_again(request, response);
	else
		answer_error(
			request, response,
			&(struct answer_error){500, "internal", "Something went wrong on our side.", NULL});
}

void answer_not_found(struct http_request *request, struct http_response *response)
{
	answer_error(request, response, &(struct answer_error){404, "not_found", "Session not found", NULL});
}

bool answer_take_id(struct http_request *request, struct http_response *response, int64_t *ret_id)
{
	int64_t id = 0;

	if (str_to_int64(request->params[0], &id) && id > 0) {
		*ret_id = id;
		return true;
	}
	answer_error(
		request, response,
		&(struct answer_error){400, "invalid_id", "The id must be a positive whole number.", "id"});
	return false;
}

void answer_refuse(void *api, struct http_request *request, struct http_response *response, const char *code,
		   const char *message)
{
	(void)api;
	answer_error(request, response, &(struct answer_error){response->status, code, message, NULL});
}

/* If-None-Match (RFC 9110 section 13.1.2): "*", or a list of tags of which one may be ours, weak or strong. */
bool answer_is_known(const struct http_request *request, const char *etag)
{
	const char *header = http_request_header(request, "If-None-Match");

	return header && (strstr(header, etag) || strcmp(header, "*") == 0);
}

/* Cross-origin rules by an explicit list; also on errors, so that a page can read them. */
static void add_cors(const struct api *api, struct http_request *request, struct http_response *response)
{
	const char *origin = http_request_header(request, "Origin");
	char allow[64];

	http_response_add_header(request, response, "Vary", "Origin");
	if (!origin || !origins_have(api->settings->cors_origins, origin))
		return;
	http_response_add_header(request, response, "Access-Control-Allow-Origin", origin);
	http_response_add_header(request, response, "Access-Control-Expose-Headers",
				 "Retry-After, Idempotent-Replayed");
	if (request->method != HTTP_OPTIONS || !request->allow)
		return;
	http_allow(request->allow, allow, sizeof allow);
	http_response_add_header(request, response, "Access-Control-Allow-Methods", allow);
	http_response_add_header(request, response, "Access-Control-Allow-Headers",
				 "Authorization, Content-Type, Idempotency-Key, traceparent");
	http_response_add_header(request, response, "Access-Control-Max-Age", "600");
}

static void count(const struct http_request *request, int status, int64_t took_us)
{
	static const char *const classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
	const char *route = request->route ? request->route->pattern : "none";
	const char *method = request->route ? http_method_name(request->method) : "none";
	const char *word = status >= 100 && status < 600 ? classes[status / 100 - 1] : "none";

	metric_add(METRIC(METRIC_COUNTER, "unbook_http_requests_total",
			  "Requests answered, by route and class of status.", {"route", route},
			  {"method", method}, {"status", word}),
		   1);
	metric_observe_us(METRIC(METRIC_SECONDS, "unbook_http_request_seconds",
				 "Time from the request line to the answer, by route.", {"route", route},
				 {"method", method}),
			  took_us);
}

static bool has_header(const struct http_response *response, const char *name)
{
	for (int i = 0; i < response->header_count; i++)
		if (str_ieq(response->headers[i].name, name))
			return true;
	return false;
}

void answer_done(void *context, struct http_request *request, struct http_response *response, int64_t took_us)
{
	struct api *api = context;
	const struct caller *caller = request->user;
	char trace[ANSWER_TRACE_BYTES];

	if (!has_header(response, "Cache-Control"))
		http_response_add_header(request, response, "Cache-Control", "no-store");
	http_response_add_header(request, response, "X-Content-Type-Options", "nosniff");
	if (!has_header(response, "Content-Security-Policy"))
		http_response_add_header(request, response, "Content-Security-Policy",
					 "default-src 'none'; frame-ancestors 'none'");
	http_response_add_header(request, response, "X-Frame-Options", "DENY");
	http_response_add_header(request, response, "Referrer-Policy", "no-referrer");
	http_response_add_header(request, response, "Permissions-Policy",
				 "camera=(), geolocation=(), microphone=(), payment=()");
	add_cors(api, request, response);
	keyed_leave(api, caller ? caller->keyed : NULL);
	count(request, response->status, took_us);
	answer_trace_id(request, trace);
	LOG(LOG_INFO, "request", LOG_S("method", http_method_name(request->method)),
	    LOG_S("route", request->route ? request->route->pattern : "none"),
	    LOG_I("status", response->status), LOG_S("code", response->code), LOG_I("us", took_us),
	    LOG_I("user", caller ? caller->actor.user_id : 0), LOG_S("trace", trace));
}
