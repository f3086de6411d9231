/* stripe_object.h: Stripe's JSON to our structs. Strict where money depends on it (types, integers, ids,
 * duplicate keys), blind to fields that it does not know. Source: Stripe API "The Refund object",
 * "Errors"; stripe.md sections 1 and 2. Pure. Every refusal is ERR_REJECT: too_large, not_json,
 * bad_object (msg names the field), not_ours. */
#ifndef STRIPE_OBJECT_H
#define STRIPE_OBJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "err.h"
#include "refund.h"

#define STRIPE_BODY_BYTES_MAX (1024 * 1024)
#define STRIPE_DEPTH_MAX      32

/* One refund. of: the PaymentIntent (pi_...) or charge (ch_...) that it must be of, which then stands in
 * ret_refund->payment_intent; NULL takes any and stores its PaymentIntent, or its charge when it has
 * none.
 * ret_refund->request_id stays "". Currency is upper case. Texts too long for their field are refused,
 * except reasons: cut. */
enum err_kind stripe_refund_decode(const char *bytes, size_t len, const char *of,
				   struct stripe_refund *ret_refund, struct err *err) MUST_CHECK;

/* One page of a list of refunds, all of which must be of `of`. With of NULL a page of a whole account's: there a refund that does not
 * read is left out and counted, unless it bears our refund id: then the page is refused. */
struct stripe_refund_page {
	struct stripe_refund *refunds; /* in the arena */
	size_t count;
	size_t unread;
	bool has_more;
	const char *last_id; /* in the arena: where the next page begins; NULL: the page is empty */
};
enum err_kind stripe_refund_page_decode(const char *bytes, size_t len, const char *of, struct arena *arena,
					struct stripe_refund_page *ret_page, struct err *err) MUST_CHECK;

/* What an error body says. type and code are "" when absent. The message is not kept: it may hold what
 * was sent. */
struct stripe_error {
	char type[64];
	char code[64];
	char param[96]; /* the parameter that Stripe objects to */
};
enum err_kind stripe_error_decode(const char *bytes, size_t len, struct stripe_error *ret_error,
				  struct err *err) MUST_CHECK;

/* The row of stripe.md section 2 that an answer other than 2xx is.
 * error       what its body says; NULL when the body is not Stripe's JSON.
 * replayed    Idempotent-Replayed: true.    should_retry  Stripe-Should-Retry: 1, 0, or -1 when absent. */
enum refund_answer stripe_error_answer(int http_status, const struct stripe_error *error, bool replayed,
				       int should_retry) MUST_CHECK;

/* What an answer means for the caller (err.h). */
enum err_kind refund_answer_kind(enum refund_answer answer) MUST_CHECK;

#endif
