/* conclude.h: what a checkout proves about its booking, written down: settled when somebody has paid, released when nobody can any more.
 * Blocks for the database only. */
#ifndef CONCLUDE_H
#define CONCLUDE_H

#include "checkout.h"
#include "err.h"
#include "flow.h"
#include "settle.h"

enum conclusion {
	CONCLUDED_NOTHING, /* the checkout proves nothing yet, or is not this booking's: at most that a payment is awaited was written */
	CONCLUDED_SETTLED,  /* by this call */
	CONCLUDED_RELEASED, /* by this call: Cancelled */
	CONCLUDED_BEFORE,   /* the booking had its end already */
};

struct concluded {
	enum conclusion conclusion;
	struct payment_decision decision; /* CONCLUDED_SETTLED only */
	enum cancel_cause cause;          /* CONCLUDED_RELEASED only */
};

/* proof: checkout_prove() of it, or what an event adds to that. Errors those of settle_checkout and release_booking. */
enum err_kind conclude_checkout(const struct flow *flow, int64_t booking_id, const struct checkout *checkout,
				enum checkout_proof proof, struct concluded *ret_concluded,
				struct err *err) MUST_CHECK;

#endif
