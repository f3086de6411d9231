/* heal.h: which span of Stripe's lists is compared with the tables next.
 * Source: design.md section 7, Heal; stripe.md section 5 ("polling reconciliation is mandatory"). Pure. */
#ifndef HEAL_H
#define HEAL_H

#include <stdbool.h>

#include "clock.h"
#include "err.h"

/* One list of Stripe's. The first four read on from where they stopped. The last three read all of late again, for what changes long
 * after it was made: a refund that fails, a payment that a bank takes days over, a dispute that is won or lost. */
enum heal_pass {
	HEAL_EVENTS, /* that no webhook of the account has taken */
	HEAL_PAYMENTS,
	HEAL_REFUNDS,
	HEAL_DISPUTES,
	HEAL_ALL_PAYMENTS,
	HEAL_ALL_REFUNDS,
	HEAL_ALL_DISPUTES,
};
bool heal_pass_reads_all(enum heal_pass pass);
const char *heal_pass_name(enum heal_pass pass);
bool heal_pass_decode(const char *name, enum heal_pass *ret_pass) MUST_CHECK;

/* How far back Stripe's list of events goes. */
#define HEAL_BACK_US (30LL * 86400 * 1000000)
/* A dispute may be decided months after it was opened (Stripe docs, "How disputes work"). */
#define HEAL_DISPUTES_BACK_US (180LL * 86400 * 1000000)
/* Read once more each time: for two clocks that differ, and for payments that are confirmed long after they were begun. */
#define HEAL_OVERLAP_US (3600LL * 1000000)

struct heal_span {
	struct instant from, until; /* both included */
};
/* now and began: the database's clock, and when this database was made: nothing of it is older. done_until: INSTANT_NONE if nothing was
 * compared yet. after_us: so young things are left to their webhooks. */
struct heal_span heal_span(enum heal_pass pass, struct instant done_until, struct instant began,
			   struct instant now, int64_t after_us);

#endif
