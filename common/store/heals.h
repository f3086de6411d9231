/* heals.h: where the comparison of Stripe with the tables stands, and what of Stripe's has no row here. The only SQL on `heals`. */
#ifndef HEALS_H
#define HEALS_H

#include "heal.h"
#include "pg.h"

/* A claimed pass; texts in the arena of the claim. */
struct heal_claim {
	enum heal_pass pass;
	struct instant done_until; /* INSTANT_NONE: nothing was compared yet */
	struct heal_span reads;    /* the span under way, while after is set */
	const char *after;         /* the last object of the page before; NULL: begin */
	int failures;
	char lease_token[40];
	struct instant now, began; /* the database's clock at the claim, and when this database was made */
};

/* Claim one pass that is due, committed when it returns: one process at a time. *ret_claim NULL: none is. */
enum err_kind heals_claim_due(struct pg *db, int64_t lease_ms, struct arena *arena,
			      struct heal_claim **ret_claim, struct err *err) MUST_CHECK;

/* Under the fence; a lost one writes nothing and is no error, for what was done twice is done once.
 * heals_record_page: the page was compared. last_id: there are more, read on at once; NULL: the span is done, again in wait_ms.
 * heals_record_retry: again in wait_ms; restarts: from the beginning of the span, for Stripe does not know the page's last object. */
struct heal_page {
	struct heal_span span;
	const char *last_id;
	int64_t wait_ms;
};
enum err_kind heals_record_page(struct pg *db, const struct heal_claim *claim, const struct heal_page *page,
				struct err *err) MUST_CHECK;
struct heal_retry {
	const char *error;
	int64_t wait_ms;
	bool restarts;
};
enum err_kind heals_record_retry(struct pg *db, const struct heal_claim *claim,
				 const struct heal_retry *retry, struct err *err) MUST_CHECK;

/* Something of Stripe's that may have no row here. Texts may be NULL, except id. */
struct heal_candidate {
	const char *id, *status, *payment_intent, *charge_id;
	bool is_missing;
};
#define HEAL_CANDIDATES_MAX 100
/* Sets is_missing:
 * payments: no payment has this id.
 * refunds: of a payment of ours, and nobody has seen the refund in this state or a later one.
 * disputes: of a payment of ours, and what was told of the dispute last says something else (an inquiry, open, won, lost). */
enum err_kind heals_find_missing_payments(struct pg *db, struct heal_candidate *candidates, size_t count,
					  struct err *err) MUST_CHECK;
enum err_kind heals_find_missing_refunds(struct pg *db, struct heal_candidate *candidates, size_t count,
					 struct err *err) MUST_CHECK;
enum err_kind heals_find_missing_disputes(struct pg *db, struct heal_candidate *candidates, size_t count,
					  struct err *err) MUST_CHECK;

#endif
