/* refund_event.h: one event about a payment of ours, on its way. */
#ifndef REFUND_EVENT_H
#define REFUND_EVENT_H

#include "refund_events.h"
#include "refund_worker.h"

struct refund_event {
	struct refund_worker *worker;
	struct pg_pool *db;
	const struct job *job;
	const struct stripe_event *event;
	struct refund_events_found about;
	struct refund_list list; /* of the payment's refunds, once it was asked for */
};

/* A refund as it is now: kept as a fact; moves the row forward (refund_event_next), or only the sum of all refunds tells. Errors RETRY
 * row_changed (read again), those of Stripe and of the database. */
enum err_kind refund_event_refund(struct refund_event *e, struct err *err) MUST_CHECK;

/* What all refunds of the payment come to, asked of Stripe: moves the row; or, where nobody asked for a refund, a full one made by hand is
 * adopted and a partial one is kept as a fact. */
enum err_kind refund_event_sum(struct refund_event *e, struct err *err) MUST_CHECK;

/* After the two above: what came to nothing here and was given back by the bank is settled; what a refund that failed leaves of a payment whose
 * cancel had nothing to ask for is owed. */
enum err_kind refund_event_settle(struct refund_event *e, struct err *err) MUST_CHECK;

/* Only when it is news. The time line hears of it; one that takes the money stops a refund that was not sent. */
enum err_kind refund_event_dispute(struct refund_event *e, struct err *err) MUST_CHECK;

#endif
