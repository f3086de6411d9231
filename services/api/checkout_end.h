/* checkout_end.h: a checkout brought to its end at Stripe, and what that proves written down. Stripe is the referee: whoever pays in the
 * same second is either settled here or finds the checkout closed. */
#ifndef CHECKOUT_END_H
#define CHECKOUT_END_H

#include "api.h"

struct checkout_ending {
	int64_t booking_id;
	const char *stripe_session_id; /* NULL: none yet; Stripe is not asked */
	enum cancel_cause cause;       /* of a release */
	const char *reason;            /* NULL: none */
	bool waits; /* a delayed payment that has not decided yet is waited for, else released and given back when it comes */
};

enum checkout_end {
	CHECKOUT_END_RELEASED, /* Cancelled, and nobody can pay any more */
	CHECKOUT_END_UNASKED, /* Cancelled, but Stripe could not be asked: the reaper closes the checkout; what is paid until then goes back */
	CHECKOUT_END_UNDECIDED, /* Cancelled likewise, while a delayed payment has not decided: should it come, it goes back */
	CHECKOUT_END_REPEATED, /* it was Cancelled before; an unpaid expiry has become this person's cancel */
	CHECKOUT_END_PAID,     /* a payment was there: settled, by this call or before */
	CHECKOUT_END_WAITING,  /* nothing was written but that a payment is awaited */
};

/* On the stripe pool: blocks for Stripe at most 2 s in all (design.md section 7). *ret_booking as it stands now, in the request's arena; not with WAITING.
 * Errors those of release_booking and settle_checkout, and ERR_RETRY STRIPE_NOT_OPEN: Stripe would not expire it and could not say in time
 * whether it is paid; releasing it unread would give a paid slot away. */
enum err_kind checkout_end(struct api *api, struct http_request *request,
			   const struct checkout_ending *ending, enum checkout_end *ret_end,
			   struct booking *ret_booking, struct err *err) MUST_CHECK;

#endif
