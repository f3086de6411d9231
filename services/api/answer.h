/* answer.h: the envelope of every answer (design.md section 6), and what all answers have in common. */
#ifndef ANSWER_H
#define ANSWER_H

#include "api.h"

#define ANSWER_TRACE_BYTES 33

/* {"success":true,"message":message,"data": ... the caller appends one JSON value to response->body, then closes. */
void answer_open(struct http_response *response, const char *message);
/* Ends it with serverTime beside data. */
void answer_close(struct http_response *response, struct instant now);

/* An error answer. code is static; message is for a person; field (NULL or "": none) names what is wrong in the request. */
struct answer_error {
	int status;
	const char *code, *message, *field;
};
void answer_error(struct http_request *request, struct http_response *response,
		  const struct answer_error *error);
/* With data: one JSON value. */
void answer_error_with(struct http_request *request, struct http_response *response,
		       const struct answer_error *error, const char *data);

/* 429 too_many_requests; may ask again after so many seconds, which stand in Retry-After and, as retryAfter, in the body. */
void answer_too_many(struct http_request *request, struct http_response *response, const char *message,
		     int64_t retry_after_s);

/* 503 unavailable, for what is away and may be back in a second. */
void answer_try_again(struct http_request *request, struct http_response *response);

/* An error of the database: 503 for what may pass, 500 for our bugs; logged, and never shown to the caller. */
void answer_database_error(struct http_request *request, struct http_response *response,
			   const struct err *err);
void answer_not_found(struct http_request *request, struct http_response *response);

/* The {id} of the path. False: answered with 400. */
bool answer_take_id(struct http_request *request, struct http_response *response, int64_t *ret_id);

/* Has the caller a copy of what etag (with its quotes) stands for? Then the answer is 304. */
bool answer_is_known(const struct http_request *request, const char *etag);

/* The 32 hex digits of the request's trace. */
void answer_trace_id(const struct http_request *request, char ret_trace[ANSWER_TRACE_BYTES]);

/* For http_server_options. */
void answer_refuse(void *api, struct http_request *request, struct http_response *response, const char *code,
		   const char *message);
void answer_done(void *context, struct http_request *request, struct http_response *response,
		 int64_t took_us);

#endif
