/* payments.h: captured payments, each decided once. The only SQL on `payments`, and what a decision writes into `bookings`. */
#ifndef PAYMENTS_H
#define PAYMENTS_H

#include "booking.h"
#include "payment.h"
#include "pg.h"

/* What the first round trip of settling finds out. */
struct payments_locked {
	bool found; /* the booking is there, and locked */
	bool is_new; /* the payment was inserted by this transaction, so that it decides; true without a payment */
	bool slot_is_free;      /* no live booking of teacher, parent or student overlaps */
	struct booking booking; /* as it was; texts in the arena */
	struct instant now;     /* read after the lock */
};

/* Open a transaction, lock the booking, insert the payment (ON CONFLICT DO NOTHING: rule 4), read the clock, in this order and in one round
 * trip. The transaction stays open. payment NULL: nothing was paid. */
enum err_kind payments_lock(struct pg *tx, int64_t booking_id, const struct payment *payment,
			    struct arena *arena, struct payments_locked *ret_locked,
			    struct err *err) MUST_CHECK;

/* Was any payment captured for it, kept or given back? */
enum err_kind payments_find_any(struct pg *db, int64_t booking_id, bool *ret_found,
				struct err *err) MUST_CHECK;

/* What follows for a booking that payments_lock has locked. Texts borrowed until pg_run. */
struct payments_kept {
	int64_t booking_id;
	int64_t teacher_id;
	bool revives; /* 3 -> 1: under the teacher's lock, as booking is; ERR_REJECT pg_exclusion when the slot is gone after all */
	const char *payment_intent; /* NULL: nothing was paid */
	struct instant paid_at;
};
/* Queue 0 -> 1 or 3 -> 1 with version + 1. At most two statements. */
enum err_kind payments_queue_kept(struct pg *tx, const struct payments_kept *kept,
				  struct err *err) MUST_CHECK;

/* Queue: this checkout is closed, whatever became of the booking; one that has no checkout learns it. Another than the booking's own
 * changes nothing, except that the booking's own is looked at once more when it is open. */
enum err_kind payments_queue_checkout_closed(struct pg *tx, int64_t booking_id, const char *stripe_session_id,
					     struct instant at, struct err *err) MUST_CHECK;

#endif
