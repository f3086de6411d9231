/* adopt.h: a full refund that somebody made by hand in Stripe's dashboard becomes the refund of our tables (design.md section 7, Refund). */
#ifndef ADOPT_H
#define ADOPT_H

#include "err.h"
#include "flow.h"
#include "money.h"

struct adoption {
	int64_t booking_id;
	const char *payment_intent;
	struct money amount;
};

/* A Confirmed booking that keeps this payment and has not begun is cancelled, cause admin, with all that follows. In any case the
 * payment has its refund row afterwards, whose first attempt lists before it posts, and so finds the one made by hand.
 * Errors those of cancel_booking, except its refusals; ERR_REJECT unknown_booking. */
enum err_kind adopt_refund(const struct flow *flow, const struct adoption *adoption,
			   struct err *err) MUST_CHECK;

#endif
