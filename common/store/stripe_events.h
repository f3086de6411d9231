/* stripe_events.h: Stripe's events as they were verified, each applied once by its owner. The only SQL on `stripe_events`. */
#ifndef STRIPE_EVENTS_H
#define STRIPE_EVENTS_H

#include <stddef.h>

#include "pg.h"

/* What the webhook (or the pull) brings. Borrowed. */
struct stripe_event_arrival {
	const char *id, *type, *object_id; /* object_id NULL or "": none */
	struct instant created;
	const void *payload; /* the verified bytes */
	size_t payload_len;
	bool is_nobodys;       /* nobody acts on this type: stored as applied */
	int64_t booking_id;    /* the record's key; 0: about nothing of ours */
	const char *reference; /* stripe_event_encode_reference: body of the record in stripe.events */
	const char *traceparent;
	int64_t doorbell_ms;
};
/* Row and outbox row in one statement, committed when it returns. *ret_is_new false: the event was there, nothing was written; that is
 * success. Only then may a webhook be answered 2xx (rule 11). */
enum err_kind stripe_events_record_arrival(struct pg *db, const struct stripe_event_arrival *arrival,
					   bool *ret_is_new, struct err *err) MUST_CHECK;

/* Has an event told of this object that nobody has applied yet? */
enum err_kind stripe_events_has_open(struct pg *db, const char *object_id, bool *ret_has,
				     struct err *err) MUST_CHECK;

/* Have an event applied once more that was applied before, if its payload is still kept: what it says is true again. */
enum err_kind stripe_events_reopen(struct pg *db, const char *id, bool *ret_reopened,
				   struct err *err) MUST_CHECK;

/* A claimed event; everything in the arena of the claim. */
struct stripe_event_claim {
	const char *id, *type;
	const void *payload; /* NULL: purged */
	size_t payload_len;
	char lease_token[40];
	int attempts, failures;
	int64_t lease_over_ms; /* as in refunds.h */
};

struct stripe_event_lease {
	int64_t lease_ms;
	const char *const *types; /* prefixes of the types that the caller owns, at most 4, NULL-terminated */
	struct arena *arena;
};

/* Claim, committed when it returns. *ret_claim NULL: nothing to do (applied, leased, somebody else's type).
 * stripe_events_claim: the one that a record names; ERR_REJECT unknown_event when it is not there (a forged record).
 * stripe_events_claim_due: one whose next_try_at has passed. */
enum err_kind stripe_events_claim(struct pg *db, const struct stripe_event_lease *lease, const char *id,
				  struct stripe_event_claim **ret_claim, struct err *err) MUST_CHECK;
enum err_kind stripe_events_claim_due(struct pg *db, const struct stripe_event_lease *lease,
				      struct stripe_event_claim **ret_claim, struct err *err) MUST_CHECK;

/* Under the fence; a lost one writes nothing and is no error, for whoever took the event over does the rest. note: NULL, or why there
 * was nothing to do ("unknown_checkout"). */
enum err_kind stripe_events_record_applied(struct pg *db, const struct stripe_event_claim *claim,
					   const char *note, struct err *err) MUST_CHECK;
enum err_kind stripe_events_record_retry(struct pg *db, const struct stripe_event_claim *claim,
					 const char *error, int64_t wait_ms, struct err *err) MUST_CHECK;

#endif
