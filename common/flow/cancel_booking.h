/* cancel_booking.h: cancel a Confirmed booking: one transaction decides and writes everything that follows (design.md section 7, rules 1, 2
 * and 9). Nothing outside PostgreSQL is called. */
#ifndef CANCEL_BOOKING_H
#define CANCEL_BOOKING_H

#include "booking.h"
#include "cancel.h"
#include "err.h"
#include "flow.h"
#include "refund_promise.h"

struct cancel_request {
	int64_t booking_id;
	struct actor actor; /* user_id 0 with ROLE_ADMIN: the system, for a refund made by hand */
	const struct cancel_policy *policy;
	const char *reason; /* NULL: none given */
	/* Only a booking that keeps this payment; others are ERR_REJECT not_found. NULL: any. */
	const char *only_payment_intent;
	bool refund_may_exist; /* at Stripe already: the first attempt lists before it posts */
};

struct cancelled {
	struct cancellation decided;
	struct booking booking;        /* as it stands now; also after a refusal other than not_found */
	struct instant now;            /* the database's clock, after the lock */
	struct refund_promise promise; /* of its payment, as decided */
};

/* ERR_OK with CANCEL_RELEASE or CANCEL_REPEATED writes nothing: a Pending booking is released (release.h) after Stripe was asked.
 * Errors ERR_REJECT not_found, not_yours, too_late, not_cancellable; those of pg_pool_take and pg_run, after the repeats. */
enum err_kind cancel_booking(const struct flow *flow, const struct cancel_request *request,
			     struct cancelled *ret_cancelled, struct err *err) MUST_CHECK;

#endif
