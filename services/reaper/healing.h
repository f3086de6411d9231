/* healing.h: one page of one of Stripe's lists, on its way from claimed to recorded. */
#ifndef HEALING_H
#define HEALING_H

#include "heals.h"
#include "reaper.h"
#include "stripe_checkout.h"

/* Everything that Stripe answered lives in arena. */
struct healing {
	struct reaper *reaper;
	struct pg_pool *db;
	const struct job *job;
	const struct heal_claim *claim;
	struct arena arena;
	struct heal_span span;
	struct stripe_event_page page;
	int healed; /* taken in so far */
};

/* heal.c: one page; tells the breaker. Blocks for a call to Stripe. */
enum err_kind healing_list(struct healing *h, const struct stripe_events_query *query,
			   struct stripe_event_page *ret_page, struct err *err) MUST_CHECK;

/* heal_take.c: take in whatever of the page has no row here. A payment is looked for at Stripe, one call each. Doing it again is harmless.
 * Errors those of Stripe and of the database; what was taken in before stays. */
enum err_kind healing_take_page(struct healing *h, struct err *err) MUST_CHECK;

#endif
