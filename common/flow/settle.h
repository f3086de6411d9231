/* settle.h: what becomes of a captured payment, decided once and written whole (design.md rules 4 and 5, section 7 Paid).
 * One transaction: booking locked, payment inserted, clock read, decided by payment_decide(); then status, mails, meeting, refund, time
 * line and events. Blocks for the database only. */
#ifndef SETTLE_H
#define SETTLE_H

#include "booking.h"
#include "checkout.h"
#include "err.h"
#include "flow.h"
#include "payment.h"

enum settle_outcome {
	SETTLE_DECIDED,         /* now, by this call: decision is what was written */
	SETTLE_REPEATED,        /* decided before: nothing was written */
	SETTLE_UNKNOWN_BOOKING, /* no such booking: nothing was written */
};

struct settled {
	enum settle_outcome outcome;
	struct payment_decision decision; /* SETTLE_DECIDED only */
	struct booking booking;           /* as it stands now; in flow->arena */
	bool is_kept; /* the booking keeps this payment (or needed none), and is Confirmed or Completed */
};

/* A payment of this booking. Errors those of pg_pool_take and pg_run, after the repeats. */
enum err_kind settle_payment(const struct flow *flow, int64_t booking_id, const struct payment *payment,
			     struct settled *ret_settled, struct err *err) MUST_CHECK;

/* A checkout that proves PAID or FREE, of this booking; what else it may be is ERR_REJECT not_paid. A booking that does not know its
 * checkout yet learns it (F28). */
enum err_kind settle_checkout(const struct flow *flow, int64_t booking_id, const struct checkout *checkout,
			      struct settled *ret_settled, struct err *err) MUST_CHECK;

#endif
