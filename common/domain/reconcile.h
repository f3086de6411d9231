/* reconcile.h: does what Stripe has agree with what the tables have? One pair at a time.
 * Source: design.md rules 4 and 6, section 7 Heal; bug report, "Database Verification Queries". Pure. */
#ifndef RECONCILE_H
#define RECONCILE_H

#include "refund.h"
#include "stripe_payment.h"
#include "stripe_refund.h"

enum reconcile_finding {
	RECONCILE_SAME,          /* nothing differs, or it is nothing that the tables would have */
	RECONCILE_FOREIGN,       /* of another product on the same Stripe account */
	RECONCILE_NOT_HERE,      /* at Stripe, and not in the tables */
	RECONCILE_NOT_AT_STRIPE, /* in the tables, and not at Stripe (of a request: not as much as was captured) */
	RECONCILE_AMOUNT,
	RECONCILE_CURRENCY,
	RECONCILE_STATUS,
	RECONCILE_OTHER_OWNER, /* of another booking (a payment) or of another payment (a refund) than the tables say */
	RECONCILE_TWICE, /* of a request: settled elsewhere, and given back at Stripe as well */
};

/* A row of `payments`. */
struct reconcile_payment {
	int64_t booking_id;
	struct money amount;
};

/* theirs NULL: Stripe has none. is_marked: it bears the mark of this very database. ours NULL: no row. A payment that was tried and
 * never captured needs no row. */
enum reconcile_finding reconcile_payment(const struct stripe_payment *theirs, bool is_marked,
					 const struct reconcile_payment *ours);

/* A row of `stripe_refunds`. */
struct reconcile_refund {
	const char *payment_intent; /* pi_..., or the charge where the tables know no other */
	struct money amount;
	enum stripe_refund_status status;
};

/* is_of_ours: the payment or the request that it names is of this database. Otherwise as above. */
enum reconcile_finding reconcile_refund(const struct stripe_refund *theirs, bool is_of_ours,
					const struct reconcile_refund *ours);

/* A row of `refunds` that nobody settled elsewhere, beside the sum of its payment's refunds at Stripe that did not fail. What is still
 * being sent proves nothing yet. */
enum reconcile_finding reconcile_request(enum refund_state state, int64_t captured_minor, int64_t live_minor);

/* "not_here", ...; SAME and FOREIGN are "same" and "foreign". */
const char *reconcile_finding_name(enum reconcile_finding finding);

/* Neither SAME nor FOREIGN. */
bool reconcile_is_difference(enum reconcile_finding finding);

#endif
