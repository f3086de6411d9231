/* cancel.h: may this booking still be cancelled, by whom, and what is owed back.
 * Source: story MYM-31, scenarios 1 and 2; design.md rule 2. Pure. */
#ifndef CANCEL_H
#define CANCEL_H

#include "booking.h"
#include "refund_promise.h"

enum cancel_outcome {
	CANCEL_AND_REFUND, /* Confirmed and paid: status 3, the kept payment goes back in full, as far as the bank has not given it back */
	CANCEL_UNPAID, /* Confirmed without a payment (fully discounted): status 3, nothing to give back */
	/* Pending, or expired and a late payment may still revive it: Stripe must be asked whether somebody just paid; else it is status 3
	 * for this cause, and stays so */
	CANCEL_RELEASE,
	CANCEL_REPEATED, /* already Cancelled: same answer again, nothing to do */
};

struct cancellation {
	enum cancel_outcome outcome;
	enum cancel_cause cause; /* CAUSE_PARENT, CAUSE_TEACHER or CAUSE_ADMIN; CAUSE_NONE when repeated */
};

struct cancel_policy {
	/* A shorter notice for teachers. Negative, or longer than the booking's own: the booking's own. */
	int64_t teacher_notice_s;
};

/* Decide a cancellation asked for at now (UTC, the database's clock, read after the row was locked).
 * booking  borrowed, any state.    ret  written on success only, owns nothing.
 * Errors   ERR_REJECT too_late, not_cancellable (Completed, or already started), not_yours.
 * policy   NULL: the booking's own notice for everybody.
 * Exactly cancel_notice_s before the start is too late. An Admin may cancel until the start (start itself
 * excluded), and so may a party while the booking is Pending: what is unpaid binds nobody.
 * Somebody who is both party and Admin cancels as the party while that is allowed, else as the Admin. */
enum err_kind cancel_decide(const struct booking *booking, const struct actor *actor,
			    const struct cancel_policy *policy, struct instant now, struct cancellation *ret,
			    struct err *err) MUST_CHECK;

/* What the cancel button shows (story scenario 2). The same rule as cancel_decide, so the two cannot
 * disagree. */
struct cancel_offer {
	bool can_cancel;
	/* The last moment is just before this one, passed or not; INSTANT_NONE when status or actor forbid it. */
	struct instant deadline;
	/* Static: "can_cancel", "too_late", "not_cancellable", "already_cancelled", "pending", "not_yours". */
	const char *message_code;
};
void cancel_offer_for(const struct booking *booking, const struct actor *actor,
		      const struct cancel_policy *policy, struct instant now, struct cancel_offer *ret);

/* The message_code that says what comes back, in place of "can_cancel": "can_cancel" when it is everything, "can_cancel_rest",
 * "can_cancel_returned" (nothing is left), "can_cancel_disputed", "can_cancel_by_hand" (what the bank has left), "can_cancel_charged_back". */
const char *cancel_promise_code(const struct refund_promise *promise);

/* The English sentence for a message_code, with the notice in hours where it speaks of it ("It is too late
 * to cancel: sessions can be cancelled until 24 hours before they start."). rest: the amount in words that
 * "can_cancel_rest" and "can_cancel_by_hand" give back; not read for another code. ret_text of cap bytes, cut if short. */
void cancel_message(const char *message_code, int64_t notice_s, const char *rest, char *ret_text, size_t cap);

#endif
