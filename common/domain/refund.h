/* refund.h: one refund per captured payment, from requested to done, exactly once at Stripe. Source: design.md rules 6 to 9; stripe.md
 * sections 1 to 3. Pure: the worker asks refund_plan() what to do next, does it, and tells refund_next() what came of it. */
#ifndef REFUND_H
#define REFUND_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"
#include "money.h"
#include "stripe_refund.h"

enum refund_state {
	REFUND_REQUESTED,
	REFUND_SENDING,
	REFUND_PENDING,
	REFUND_REQUIRES_ACTION,
	REFUND_SUCCEEDED,
	REFUND_FAILED,
	REFUND_CANCELED,
	REFUND_NEEDS_ATTENTION,
};

/* The row. Texts borrowed. */
struct refund {
	char id[40]; /* uuid */
	int64_t booking_id;
	const char *payment_intent;
	struct money captured; /* what the payment captured: done means refunds add up to it */
	enum refund_state state;
	int generation;               /* of the key, from 1 */
	struct instant first_sent_at; /* of this generation; INSTANT_NONE: this key provably never left */
	int attempts;                 /* claims so far, this one included; never falls */
	int failures;                 /* that were ours to cause, for back-off */
	char lease_token[40];         /* the fence: whoever records names it */
	struct instant created_at;
	bool is_disputed; /* the bank holds the money or has given a part of it back: nothing is sent */
};

/* What the worker found out in this attempt, before it decides the row's next state. */
enum refund_answer {
	REFUND_ANSWER_REFUND,         /* POST or GET answered with a refund object: in `made` */
	REFUND_ANSWER_ALREADY,        /* charge_already_refunded */
	REFUND_ANSWER_DISPUTED,       /* charge_disputed, refund_disputed_payment */
	REFUND_ANSWER_REFUSED,        /* charge_not_refundable, resource_missing, 402, any other final 4xx */
	REFUND_ANSWER_KEY_CONFLICT,   /* idempotency_error: our bug, alarm, never a new key by itself */
	REFUND_ANSWER_TWIN,           /* 409 idempotency_key_in_use: same key later */
	REFUND_ANSWER_BUSY,           /* 429 lock_timeout / rate_limit: same key later, not our failure */
	REFUND_ANSWER_CREDENTIALS,    /* 401, 403: opens the breaker, spends no attempt */
	REFUND_ANSWER_REPLAYED_ERROR, /* this key is frozen on an error (Idempotent-Replayed: true) */
	REFUND_ANSWER_UNKNOWN,        /* no answer, cut, 5xx, 424, not JSON: may have happened */
	REFUND_ANSWER_NOT_SENT,       /* provably nothing left: could not connect, breaker open, no budget */
};

/* What an answer means when Stripe told it again out of the key's memory: a refusal says only how it was then (a dispute may have been
 * won since), so that key is spent as after a stored 500. */
enum refund_answer refund_answer_replayed(enum refund_answer answer);

/* Sums of what a list of the PaymentIntent's refunds showed. Start from zero; the caller sets the first three. */
struct refund_list {
	bool listed;       /* false: no list was made in this attempt */
	bool whole;        /* the list reached the last page */
	bool after_answer; /* made after the answer that refund_next() is told of (refund_wants_list_after) */
	struct stripe_refund ours; /* newest live one of ours (any generation), id "" if none */
	bool ours_is_current;      /* a live one of ours is of this generation, whose key is spent by it */
	struct stripe_refund ours_failed; /* newest of ours of this generation that failed, id "" if none */
	int64_t live_minor; /* all refunds that did not fail or get canceled, by hand ones included */
	enum stripe_refund_status
		live_status;              /* of the live one furthest from done; read only if there is one */
	struct stripe_refund newest_live; /* of anybody, id "" if none */
};

/* Add one refund of Stripe's list to the sums. One of another payment is left out, unless it names our
 * row: that one, like one in another currency, is there (so that nothing is posted beside it) but adds
 * nothing to live_minor. */
void refund_list_add(struct refund_list *list, const struct refund *refund,
		     const struct stripe_refund *found);

/* An earlier attempt may have arrived at Stripe, so this attempt lists before it posts (rule 7). */
bool refund_may_exist(const struct refund *refund);

enum refund_step {
	REFUND_STEP_POST,   /* POST the stored key of refund->generation */
	REFUND_STEP_RECORD, /* nothing to send: record what refund_next() says */
};
/* After the list (or without one on the first attempt): post, or only record (refund_next() is then told
 * NOT_SENT). A disputed one never posts (design.md section 7). Only REQUESTED and SENDING rows post: a claim leaves PENDING and REQUIRES_ACTION as they are. */
enum refund_step refund_plan(const struct refund *refund, const struct refund_list *list);

/* After this answer the caller lists once more, with an empty struct refund_list and after_answer set,
 * before it asks refund_next(): REPLAYED_ERROR (the generation rises by no other way) and ALREADY (else
 * the next attempt finds it out). */
bool refund_wants_list_after(enum refund_answer answer);

/* What to write under the fence. */
struct refund_change {
	enum refund_state state;
	int generation;         /* refund->generation, or one more: then first_sent_at becomes NULL again */
	bool counts_as_failure; /* failures + 1 */
	bool retry; /* try again after back-off (state REQUESTED) or poll later (PENDING, REQUIRES_ACTION) */
	bool list_next; /* the next attempt must list first; from refund_event_next(): list now, see there */
	bool alarm;     /* somebody must look */
	bool mails_parent; /* what Stripe had made came to nothing: money that was promised is not on its way */
	bool breaker;      /* credentials are wrong: stop claiming */
	char reason[64];   /* failure_reason or error code, "" if fine */
};

/* The next state from what the list and the answer showed. made is read only for REFUND_ANSWER_REFUND.
 * give_up: the row is older than the operator's patience (3 days): an unknown outcome becomes NEEDS_ATTENTION after one more list.
 * A final row may be asked too, with a list that an event called for; FAILED and CANCELED change only when it adds up (by hand).
 * A 200 that was replayed must be read again (GET) by the caller before it comes here (rule 7). */
void refund_next(const struct refund *refund, const struct refund_list *list, enum refund_answer answer,
		 const struct stripe_refund *made, bool give_up, struct refund_change *ret);

/* An event or poll shows a refund of Stripe's: does it move the row, and where to? Forward only (rule 8);
 * applies although its id is still unknown when the metadata names our refund and generation. False: nothing changes.
 * With ret->list_next only the sum of all refunds can tell (one made by hand, one of another generation, one of less than the whole, one
 * that failed, for another may have replaced it): record the state given, list, and ask refund_next() with REFUND_ANSWER_NOT_SENT. */
bool refund_event_next(const struct refund *refund, const struct stripe_refund *seen,
		       struct refund_change *ret) MUST_CHECK;

#define REFUND_REASON_DISPUTED "charge_disputed" /* it waits in NEEDS_ATTENTION for the bank to decide */
/* Did a dispute keep this refund from going, before it was sent or after? reason: the row's; NULL: none, or settled elsewhere. */
bool refund_waits_for_bank(enum refund_state state, const char *reason);
/* A dispute that takes the money stops a refund that was never sent; a won one lets the refund that waits for it (reason: the row's)
 * go as an operator's retry would; one that failed of the dispute is a new request then. False: nothing changes. */
bool refund_dispute_next(const struct refund *refund, const char *reason, const char *dispute_status,
			 struct refund_change *ret) MUST_CHECK;

/* An operator asks again for a FAILED, CANCELED or NEEDS_ATTENTION refund, with a whole list made just now; false for others or without it.
 * Refunds that add up are adopted. Else REQUESTED: in the next generation when this one's refund is known (it failed, or gave back a part:
 * the next one gives back what lacks), else with the same key, as an earlier request may still be on its way; a key frozen on an error or a
 * refusal gives way by itself, see refund_next. */
bool refund_retry_next(const struct refund *refund, const struct refund_list *list,
		       struct refund_change *ret) MUST_CHECK;

/* SUCCEEDED, FAILED, CANCELED, NEEDS_ATTENTION: nothing left for a worker. Stripe's later word may still
 * move SUCCEEDED to FAILED or CANCELED, and NEEDS_ATTENTION anywhere; FAILED and CANCELED are left by an
 * operator, or when refunds by hand have given all of it back. */
bool refund_state_is_final(enum refund_state state);
bool refund_state_is_unwell(enum refund_state state); /* final, and not SUCCEEDED */
const char *refund_state_name(enum refund_state state);
bool refund_state_decode(const char *name, enum refund_state *ret_state) MUST_CHECK;

#define REFUND_KEY_BYTES 80
/* "refund:<refund id>:<generation>" */
void refund_key(const struct refund *refund, char ret_key[REFUND_KEY_BYTES]);

#endif
