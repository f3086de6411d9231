/* refunds.h: refund rows and what Stripe told about them. The only SQL on `refunds` and `stripe_refunds`. */
#ifndef REFUNDS_H
#define REFUNDS_H

#include <stddef.h>

#include "pg.h"
#include "refund.h"

/* Queue the one refund row of a captured payment (unique on the PaymentIntent; a second one changes
 * nothing). id is a fresh uuid (id_uuid). The doorbell normally wins within doorbell_ms; after that the
 * sweep claims it. */
struct refund_request {
	const char *id;
	int64_t booking_id;
	const char *payment_intent;
	const char *cause; /* cancel_cause_name, or "second_payment" */
	int64_t doorbell_ms;
};
enum err_kind refunds_queue_request(struct pg *tx, const struct refund_request *request,
				    struct err *err) MUST_CHECK;

/* A claimed row; it and its texts live in the arena of the claim. */
struct refund_claim {
	struct refund refund; /* first_sent_at as it was before this claim */
	const char *cause;
	int64_t version;
	int64_t age_ms;  /* since it was asked for, by the database's clock */
	int64_t sent_ms; /* since this generation's first request; 0: none ever left */
	bool is_overdue; /* an alarm was raised because it is pending for so long */
	/* deadline (clock.h), counted from before the claim was sent: after it nothing may be sent */
	int64_t lease_over_ms;
};

struct refund_lease {
	int64_t lease_ms;
	struct arena *arena;
};

/* Claim, committed when it returns: a random lease_token, attempts + 1, next_try_at = the lease's end;
 * requested becomes sending, while a pending or requires_action row keeps its state; first_sent_at is set
 * if it was not, so that it stands before a request can leave. *ret_claim NULL: nothing to do. An
 * ERR_UNSURE leaves at worst a leased row, which the sweep finds when the lease is over.
 *
 * refunds_claim_fresh: the row that a doorbell speaks of, only while nobody ever claimed it. ERR_REJECT
 * unknown_refund: no row. refunds_claim_due: one row whose next_try_at has passed, oldest first; rows
 * that somebody is just claiming are skipped. */
enum err_kind refunds_claim_fresh(struct pg *db, const struct refund_lease *lease, const char *id,
				  struct refund_claim **ret_claim, struct err *err) MUST_CHECK;
enum err_kind refunds_claim_due(struct pg *db, const struct refund_lease *lease,
				struct refund_claim **ret_claim, struct err *err) MUST_CHECK;

/* What an attempt came to. Texts borrowed. */
struct refund_record {
	const struct refund_claim *claim;
	const struct refund_change *change;
	int64_t wait_ms;           /* until the next try or poll */
	const char *last_error;    /* NULL: none */
	const char *log_what;      /* NULL: no entry in the time line */
	const char *log_detail;    /* JSON */
	const char *event_type;    /* NULL: nothing that the world is told of */
	const char *event_payload; /* JSON, of version claim->version + 1 */
	const char *traceparent;
	bool mails_parent; /* a refund_failed mail, at once due */
	bool is_overdue;   /* from now on, as long as its generation lasts */
	/* refunds that Stripe showed: facts, stored whoever holds the fence, never moved backwards */
	const struct stripe_refund *seen;
	size_t seen_count; /* at most REFUND_SEEN_MAX */
};
#define REFUND_SEEN_MAX 16

/* One round trip. State, counters, log entry, outbox row and mail row hang on one fence: id, lease_token,
 * state and version of the claim. *ret_recorded false: the fence was lost, and none of them was written.
 * Repeating it after ERR_RETRY or ERR_UNSURE is safe. */
enum err_kind refunds_record(struct pg *db, const struct refund_record *record, bool *ret_recorded,
			     struct err *err) MUST_CHECK;

#endif
