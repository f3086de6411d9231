/* hold.h: how the checkout of one claimed booking stands at Stripe. */
#ifndef HOLD_H
#define HOLD_H

#include "checkouts.h"
#include "reaper.h"
#include "stripe.h"

enum hold_found {
	HOLD_UNKNOWN,    /* Stripe could not be asked, or did not say */
	HOLD_SEEN,       /* `checkout` says how it stands, and that nobody can begin to pay it any more */
	HOLD_AWAITED,    /* complete, and a delayed method has not decided */
	HOLD_STILL_ON,   /* open, and the hold is not over: the parent may pay */
	HOLD_NEVER_MADE, /* proven: no checkout of this booking exists, and none can come */
};

/* One booking on its way. */
struct hold {
	struct reaper *reaper;
	struct pg_pool *db;
	struct checkout_claim *claim;
	enum hold_found found;
	struct checkout checkout;
	struct stripe_answer answer; /* of the last call */
	int calls;
};

/* Ask Stripe. Blocks for its time-outs; every call tells the breaker. A booking without a checkout id learns it first, by the same creation
 * under the same key. Errors RETRY and UNSURE: look again later; REJECT: Stripe refuses for ever, somebody must look. */
enum err_kind hold_look(struct hold *hold, const struct job *job, struct err *err) MUST_CHECK;

/* HOLD_NEVER_MADE, into the tables. */
enum err_kind hold_release_unmade(const struct hold *hold, const struct job *job, struct err *err) MUST_CHECK;

#endif
