/* stripe_lists.h: everything that Stripe made in a span of time, page by page, and one PaymentIntent by its id. As stripe.h: blocking,
 * thread-safe, kinds set here. */
#ifndef STRIPE_LISTS_H
#define STRIPE_LISTS_H

#include "stripe.h"
#include "stripe_object.h"
#include "stripe_payment_object.h"

/* One page of the whole account's, newest first. */
struct stripe_list_query {
	struct instant from;  /* created then or later, in whole seconds; INSTANT_NONE: from the first one */
	struct instant until; /* created before; INSTANT_NONE: to the last one */
	const char *after;    /* last_id of the page before; NULL: the first page */
};

/* GET /v1/payment_intents, at most 100. The page lives in the arena. */
enum err_kind stripe_list_payments_page(struct stripe *stripe, const struct stripe_list_query *query,
					struct arena *arena, struct stripe_payment_page *ret_page,
					struct err *err) MUST_CHECK;

/* GET /v1/refunds without a payment, at most 100. The page lives in the arena. */
enum err_kind stripe_list_refunds_page(struct stripe *stripe, const struct stripe_list_query *query,
				       struct arena *arena, struct stripe_refund_page *ret_page,
				       struct err *err) MUST_CHECK;

/* GET /v1/payment_intents/{id}. ERR_REJECT with HTTP 404: Stripe does not know it. */
enum err_kind stripe_get_payment(struct stripe *stripe, const char *id, struct stripe_payment *ret_payment,
				 struct stripe_answer *ret_answer, struct err *err) MUST_CHECK;

#endif
