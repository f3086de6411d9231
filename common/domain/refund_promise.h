/* refund_promise.h: what a refund of ours gives back, beside what went back without it: a part refunded at Stripe before, or a dispute.
 * Source: design.md rule 6 (our request carries no amount, so Stripe gives back what remains). Pure. What a person reads about the money (the
 * answer to a cancel, the session, the mail) is written from this one decision. */
#ifndef REFUND_PROMISE_H
#define REFUND_PROMISE_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "money.h"

/* What stands beside our refund of one payment. All zero: nothing. */
struct refund_beside {
	int64_t returned_minor; /* live refunds at Stripe that are not the one asked for now: see refund_beside.h */
	bool is_disputed; /* the newest word about a dispute that is not lost: the bank holds the money */
	int64_t charged_back_minor; /* of lost disputes: the bank has given it back */
	bool is_on_its_way;         /* one of returned_minor is not there yet, and may fail */
};

enum refund_promise_kind {
	REFUND_PROMISE_ALL,      /* the whole payment */
	REFUND_PROMISE_REST,     /* what earlier refunds or the bank have left of it */
	REFUND_PROMISE_RETURNED, /* nothing: all of it was refunded before */
	REFUND_PROMISE_DISPUTED, /* nothing by us: the bank decides */
	REFUND_PROMISE_BY_HAND, /* what the bank has left of it, but not through Stripe: it refunds no disputed charge, and a request
				   without an amount would give back the bank's part as well */
	REFUND_PROMISE_CHARGED_BACK, /* nothing: the bank has given back all that was left */
};

struct refund_promise {
	enum refund_promise_kind kind;
	struct money rest;            /* what is still to be given back: 0 when RETURNED or CHARGED_BACK */
	struct money returned_before; /* at Stripe, at most what was captured, and by the bank */
	struct money
		charged_back; /* of that, by the bank, which may have given more than was left; 0 when RETURNED */
	bool is_on_its_way; /* some of what Stripe gives back is not there yet, and may fail */
};

struct refund_promise refund_promise(struct money captured, const struct refund_beside *beside);

/* Does a dispute in this state hold or take the money? An inquiry (warning_...) does not, a won one has given it back. */
bool dispute_takes_money(const char *stripe_status);

struct dispute_word {
	const char *status;     /* Stripe's; NULL: nothing is known */
	struct instant told_at; /* when Stripe made the event, or when its list said so */
};
/* Does what is told of a dispute say more than what is known of it? Events come in any order and more than once: an inquiry, one that was
 * closed, a dispute, its end. Of two ends the later. */
bool dispute_says_more(const struct dispute_word *known, const struct dispute_word *told);

#endif
