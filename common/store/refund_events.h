/* refund_events.h: what Stripe tells of refunds by itself: facts about a payment, and changes of its refund row that no attempt of ours
 * brought. Beside refunds.h the only SQL on `refunds` and `stripe_refunds`. */
#ifndef REFUND_EVENTS_H
#define REFUND_EVENTS_H

#include "refunds.h"

/* The payment that an event is about, and the refund row of it. */
struct refund_events_found {
	bool found; /* the payment is one of ours */
	int64_t booking_id;
	const char *payment_intent; /* in the arena, as the captured amount's row names it */
	struct money captured;
	const char
		*reason; /* the row's failure_reason; NULL: none, or an operator has settled it elsewhere */
	bool is_settled; /* an operator or the bank has: Stripe's later word about refunds is a fact, and no more */
	struct refund_claim *
		row; /* NULL: no refund was asked for. Not claimed: its lease is somebody else's, or nobody's */
};
/* By PaymentIntent or charge; either may be NULL. */
enum err_kind refund_events_find(struct pg *db, const char *payment_intent, const char *charge_id,
				 struct arena *arena, struct refund_events_found *ret_found,
				 struct err *err) MUST_CHECK;

/* As refunds_record, but under the fence of id, state and version alone. A lease that is held stays, with the time when the sweep takes the
 * row over, for its holder may be asking Stripe just now; what that one records finds another version and writes nothing.
 * *ret_recorded false: the row has changed since it was read. record->seen is not looked at. */
enum err_kind refund_events_record(struct pg *db, const struct refund_record *record, bool *ret_recorded,
				   struct err *err) MUST_CHECK;

struct refund_seen_news {
	bool is_twice;   /* it is new, and gives back what somebody has settled elsewhere */
	bool has_failed; /* made by hand or counted by a settlement, seen alive before, and none of ours is under way or went through: time line and
			    parent hear of it */
};
/* A refund as Stripe showed it; never moved backwards. row NULL, or not the one that it names: made by hand, and the time line says so
 * once. */
enum err_kind refund_events_record_seen(struct pg *db, const struct refund_events_found *about,
					const struct stripe_refund *seen, struct refund_seen_news *ret_news,
					struct err *err) MUST_CHECK;

/* Of a payment whose refund was settled: does what has gone back make up what was captured? */
struct refund_balance {
	bool is_twice; /* it is more (the view given_back_twice) */
	bool is_short; /* it is less, for something that was counted is gone (given_back_short) */
};
enum err_kind refund_events_get_balance(struct pg *tx, const char *payment_intent,
					struct refund_balance *ret_balance, struct err *err) MUST_CHECK;

/* Queue, after refunds_queue_request: Stripe may already have a refund of this payment, so the first attempt lists before it posts. */
enum err_kind refund_events_queue_may_exist(struct pg *tx, const char *refund_id, struct err *err) MUST_CHECK;

/* Queue: a refund of this payment that was settled by itself, because the bank had given all of it back, is not settled any more. */
enum err_kind refund_events_queue_unsettle(struct pg *tx, const char *payment_intent,
					   struct err *err) MUST_CHECK;

/* Hold the refund row of this payment, if there is one, to the end of the transaction. */
enum err_kind refund_events_lock(struct pg *tx, const char *payment_intent, struct err *err) MUST_CHECK;

/* Is there a refund row of this payment? In a transaction that holds the booking nobody adds one meanwhile. */
enum err_kind refund_events_is_asked_for(struct pg *tx, const char *payment_intent, bool *ret_is,
					 struct err *err) MUST_CHECK;

#endif
