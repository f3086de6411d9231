/* release.h: a Pending booking that nobody paid gives its slot back: 0 -> 3 with a cause, time line, events. */
#ifndef RELEASE_H
#define RELEASE_H

#include <stdbool.h>

#include "checkout.h"
#include "err.h"
#include "flow.h"

struct release_request {
	int64_t booking_id;
	enum cancel_cause
		cause;      /* checkout_expired, payment_cancelled, checkout_failed, parent, teacher, admin */
	int64_t by;         /* user id, 0: the system */
	const char *reason; /* NULL: none given */
	/* Only while the booking's checkout is this one; NULL: only while it has none. What was proven of one checkout says
	 * nothing of another. */
	const char *stripe_session_id;
	/* Stripe has proven that nobody can pay any more (or that the key made nothing). Else checkout.check is rung, and the reaper goes on
	 * until it is closed; whoever pays in that gap is refunded. */
	bool is_closed;
	bool is_given_up; /* with is_closed: not Stripe but the flow's actor says so, which the time line keeps */
};

/* RELEASE_REPEATED records is_closed all the same, and makes an expiry that came first, unpaid, the person's cancel (release_takes_over):
 * whoever was told "cancelled" stays cancelled. The outcomes after it write nothing. booking as it stands now, in flow->arena. Errors those of pg_pool_take and pg_run, after the repeats. */
enum err_kind release_booking(const struct flow *flow, const struct release_request *request,
			      enum release_outcome *ret_outcome, struct booking *ret_booking,
			      struct err *err) MUST_CHECK;

#endif
