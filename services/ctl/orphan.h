/* orphan.h: what the subcommands orphans and cleanup share: one abandoned booking after the other, and Stripe's word about each. */
#ifndef ORPHAN_H
#define ORPHAN_H

#include "booking.h"
#include "checkout.h"
#include "ctl_stripe.h"

enum orphan_found {
	ORPHAN_SEEN,          /* checkout says how it stands */
	ORPHAN_NEVER_MADE,    /* the booking knows no checkout, and Stripe has none of it */
	ORPHAN_UNKNOWN_THERE, /* Stripe does not know the booking's checkout: another account's key? */
	ORPHAN_NO_ANSWER,     /* why says what was seen instead */
};

struct orphan {
	const struct booking *booking;
	struct instant now; /* the database's clock */
	enum orphan_found found;
	struct checkout checkout;
	struct err why;
};

/* Walk over all that are older than so many seconds, the newest first; each visit finds Stripe asked already (a GET; nothing is changed).
 * Ends early with the error of a visit, or with ERR_RETRY stripe_away when Stripe stays silent. Progress on a terminal. */
struct orphan_walk {
	const char *what; /* "asking Stripe" */
	int64_t older_than_s;
	enum err_kind (*visit)(void *context, const struct ctl_stripe *link, struct orphan *orphan,
			       struct err *err);
	void *context;
};
enum err_kind orphan_walk(const struct ctl_stripe *link, const struct orphan_walk *walk,
			  struct err *err) MUST_CHECK;

/* Ask Stripe about orphan->booking (a GET): fills found, checkout and why. */
void orphan_look(const struct ctl_stripe *link, struct orphan *orphan);

/* The booking and what Stripe says, as a line of stdout that is not ended yet. */
void orphan_print(const struct orphan *orphan);

/* Somebody may still be on the page: the hold is not over. */
bool orphan_is_held(const struct orphan *orphan);

#endif
