/* payment.h: what becomes of a captured payment, decided once.
 * Source: design.md rules 4 and 5; bug report, "Required Backend Changes". Pure. */
#ifndef PAYMENT_H
#define PAYMENT_H

#include "booking.h"

/* A payment that Stripe captured for a booking. Texts borrowed. */
struct payment {
	const char *payment_intent;
	const char *stripe_session_id;
	const char *charge_id; /* NULL when Stripe has not said */
	struct money amount;
	struct instant captured_at; /* INSTANT_NONE when Stripe has not said */
};

enum payment_outcome {
	PAYMENT_CONFIRM, /* 0 -> 1: the booking keeps it */
	PAYMENT_REVIVE,  /* 3 -> 1: paid after the checkout was thought expired, and the slot is still free */
	PAYMENT_RETURN,  /* refund it, the booking stays as it is */
	PAYMENT_RETURN_AND_CANCEL, /* refund it, 0 -> 3 */
};

struct payment_decision {
	enum payment_outcome outcome;
	enum cancel_cause cause; /* PAYMENT_RETURN_AND_CANCEL: of the booking; else CAUSE_NONE */
	const char *
		refund_cause; /* static, of the refund row: "amount_mismatch", "too_late_to_pay", "second_payment", "late_payment"; NULL: no refund */
};

/* Decide, first match of rule 5. now: the database's clock, read after the row was locked. slot_is_free:
 * no live booking of the teacher (nor of the parent or student) overlaps; asked only for a booking that
 * may be revived. A booking that starts exactly now has started. When the exclusion constraint refuses a revival, ask again with
 * slot_is_free false. */
void payment_decide(const struct booking *booking, const struct payment *payment, struct instant now,
		    bool slot_is_free, struct payment_decision *ret);

/* A checkout completed with nothing to pay. As payment_decide, without an amount to compare and with nothing to give back: refund_cause is
 * NULL, and PAYMENT_RETURN means that nothing changes. A Cancelled booking stays cancelled. */
void payment_decide_free(const struct booking *booking, struct instant now, struct payment_decision *ret);

/* The booking becomes Confirmed by it. */
bool payment_is_kept(enum payment_outcome outcome);

#endif
