/* stripe_private.h: what the files that speak to Stripe share. Private to this room. */
#ifndef STRIPE_PRIVATE_H
#define STRIPE_PRIVATE_H

#include "http_client.h"
#include "stripe.h"

/* By when a call that begins now is over, for requests that share the time of one. */
int64_t stripe_deadline(const struct stripe *stripe);

/* One request with credentials and version added to its headers; ERR_OK when the answer is 2xx. Fills ret_answer always. */
enum err_kind stripe_call(struct stripe *stripe, struct http_request *request,
			  struct http_response *ret_response, struct stripe_answer *ret_answer,
			  struct err *err) MUST_CHECK;

/* As stripe_call, a POST of form under an idempotency key, with the trace that it belongs to ("": none). form: as it was put together; one
 * that did not fit sends nothing, ERR_REJECT too_large. Releases form. */
struct stripe_post {
	const char *path, *crash_point, *key, *traceparent;
};
enum err_kind stripe_post_keyed(struct stripe *stripe, const struct stripe_post *post, struct buf *form,
				struct http_response *ret_response, struct stripe_answer *ret_answer,
				struct err *err) MUST_CHECK;

/* A 2xx whose body is not what was asked for: nothing is known of what happened. why: what the decoder said. ERR_UNSURE. */
enum err_kind stripe_not_understood(struct stripe_answer *answer, const struct err *why, struct err *err);

/* Nothing was sent, and nothing like it ever can be. ERR_REJECT. */
enum err_kind stripe_not_sent(struct stripe_answer *answer, const char *code, const char *why,
			      struct err *err);

/* A point in time as a parameter, in whole seconds; INSTANT_NONE adds nothing. */
void stripe_add_seconds(struct buf *path, const char *name, struct instant at);

/* Ids go into a path: nothing in them means something there. */
bool stripe_id_is_plain(const char *id);

#endif
