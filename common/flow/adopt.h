/* adopt.h: a refund row that no cancel has made: for a full refund that somebody made by hand in Stripe's dashboard (design.md section 7,
 * Refund), or for money that the bank was taken to have given back. */
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

/* A lost dispute has ended won after all, or a refund by hand that stood beside it has failed. A Cancelled booking whose cancel asked for no
 * refund of this payment, because all of it had gone back, gets its row if something of it is owed now; of any other nothing changes. Errors
 * those of flow_run, ERR_REJECT unknown_booking. */
enum err_kind owe_again(const struct flow *flow, const struct adoption *adoption, struct err *err) MUST_CHECK;

#endif
