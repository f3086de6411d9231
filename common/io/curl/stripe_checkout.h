/* stripe_checkout.h: Checkout Sessions and events at Stripe. As stripe.h: blocking, thread-safe, kinds set here. A caller with a
 * shorter budget (cancel-payment: 2 s) opens a struct stripe of its own with that timeout_ms.
 * ret_answer->refund_answer says what an answer means: TWIN 409 (our own twin is at work), KEY_CONFLICT idempotency_error,
 * REFUSED a final no, UNKNOWN and REPLAYED_ERROR it may have happened, BUSY, CREDENTIALS, NOT_SENT as everywhere. */
#ifndef STRIPE_CHECKOUT_IO_H
#define STRIPE_CHECKOUT_IO_H

#include "checkout.h"
#include "stripe.h"
#include "stripe_checkout_object.h"

/* Only what is stored, so that a repeat sends the same bytes under the same key (checkout_key). */
struct checkout_order {
	const struct booking *booking; /* id, title, price, and hold_expires_at: becomes expires_at */
	const char *instance_id;
	const char *frontend_url; /* without a slash at its end */
};

/* POST /v1/checkout/sessions. ERR_OK: it exists (made now or by an earlier try). ERR_REJECT, except KEY_CONFLICT: this key made
 * nothing, and never will (also when refused for its expires_at by now). */
enum err_kind stripe_create_checkout(struct stripe *stripe, const struct checkout_order *order,
				     const char *traceparent, struct checkout *ret_checkout,
				     struct stripe_answer *ret_answer, struct err *err) MUST_CHECK;

/* GET, with the PaymentIntent expanded. ERR_REJECT with HTTP 404: Stripe does not know it. */
enum err_kind stripe_get_checkout(struct stripe *stripe, const char *id, struct checkout *ret_checkout,
				  struct stripe_answer *ret_answer, struct err *err) MUST_CHECK;

#define STRIPE_NOT_OPEN "not_open"
/* Ask Stripe to expire it, and read it again when that has failed, however it has (stripe.md: branch on the object, never on the
 * error). Two calls at most, which share the time of one; the first is given up after two thirds of it. ERR_OK: *ret_checkout is how it
 * stands now, expired or complete; nobody can begin to pay it any more. ERR_RETRY STRIPE_NOT_OPEN: it was refused, so it may be paid, and
 * could not be read in what was left of the time. Else the error is the expire's own, and nothing speaks for a payment. */
enum err_kind stripe_close_checkout(struct stripe *stripe, const char *id, struct checkout *ret_checkout,
				    struct stripe_answer *ret_answer, struct err *err) MUST_CHECK;

/* By so much may a checkout be older than its booking: the two times come from two clocks. */
#define CHECKOUT_OLDER_US (600LL * 1000000)

/* The newest checkout of order's booking among those made from then on, when its id was lost and its key is frozen or forgotten. One
 * that has a hold is not looked for among those made after its end, for none can be.
 * ret_checkout->id is "" when there is none. Reads at most STRIPE_LIST_PAGES_MAX pages; ERR_UNSURE too_many beyond them. */
enum err_kind stripe_find_checkout(struct stripe *stripe, const struct checkout_order *order,
				   struct instant from, struct checkout *ret_checkout,
				   struct stripe_answer *ret_answer, struct err *err) MUST_CHECK;

/* One page of what Stripe has to tell, newest first: its events, or its objects as the events that would tell of them
 * (stripe_object_page_decode). */
enum stripe_source {
	STRIPE_EVENTS,
	STRIPE_PAYMENTS, /* PaymentIntents */
	STRIPE_REFUNDS,
	STRIPE_DISPUTES,
	STRIPE_CHECKOUTS,
};
struct stripe_events_query {
	enum stripe_source source;
	struct instant from;  /* in whole seconds, as until; INSTANT_NONE: no limit (events: 30 days back) */
	struct instant until; /* included */
	const char *after;    /* last_id of the page before; NULL: the first page */
	bool undelivered;     /* events only: delivery_success=false */
	const char *const *types;   /* events only: NULL-terminated, at most 20; NULL: all */
	const char *payment_intent; /* checkouts only: NULL: all */
};
enum err_kind stripe_list_events(struct stripe *stripe, const struct stripe_events_query *query,
				 struct arena *arena, struct stripe_event_page *ret_page,
				 struct stripe_answer *ret_answer, struct err *err) MUST_CHECK;

#endif
