/* shop.h: a small world around one booking that somebody pays: Stripe with up to two checkouts of it, its row, two reapers, the parent,
 * Stripe's events, and a rival for the slot. Decisions are taken by the real payment_decide(), checkout_prove() and release_decide();
 * everything else is as bad as design.md allows. */
#ifndef SHOP_H
#define SHOP_H

#include <stdbool.h>
#include <stdint.h>

#include "checkout.h"
#include "search.h"

#define CHECKOUTS 2
#define HANDS     4 /* two reapers, the parent, the event handler: each between asking Stripe and writing */
#define PARENT    2
#define HANDLER   3

/* What is away in a run that must find a violation, and what may happen besides. */
struct shop_rules {
	bool second_is_wrong; /* the second checkout takes another amount */
	bool delayed;         /* a buyer may pay by a delayed method */
	bool no_decided_once; /* a payment is decided each time that it is seen */
	bool no_own_checkout; /* a release believes what was proven of any checkout */
	bool no_status_guard; /* a release does not look at the status */
	bool timer_reaps;     /* the end of the hold is taken for proof */
};

enum at_stripe { ABSENT, OPEN, EXPIRED, PAID, AWAITED, DEFAULTED };

struct shop_hand {
	uint8_t checkout; /* 1 or 2: it holds the answer about this one; 0: idle */
	uint8_t proof;
};

struct shop {
	uint8_t status, cause;
	uint8_t own, kept; /* the booking's checkout, the payment that it keeps: 0 none, 1, 2 */
	uint8_t closed;    /* checkout_closed_at */
	uint8_t decided, refunds, mailed;        /* sets of payments: row, refund row, the parent knows */
	uint8_t time;                            /* 0 hold, 1 hold over, 2 started */
	uint8_t rival;                           /* has the slot */
	uint8_t told;                            /* the parent was told "cancelled" */
	uint8_t kills, rivals, cancels, seconds; /* what may still happen */
	uint8_t at_stripe[CHECKOUTS];
	uint8_t emitted
		[CHECKOUTS]; /* set of enum at_stripe that events tell of; each may arrive any number of times, in any order */
	struct shop_hand hand[HANDS];
};

struct shop_step {
	const struct shop_rules *rules;
	struct search *search;
	const struct shop *from;
	bool calm_taken;
};

/* Hand a successor on, if it is one. The first may_be_calm one is where a run without faults goes. */
void shop_to(struct shop_step *step, const struct shop *to, const char *action, bool may_be_calm);

/* shop_outside.c: buyers, Stripe's clock, the rival, time. */
void outside_steps(struct shop_step *step);
void stripe_becomes(struct shop *shop, int checkout, enum at_stripe state);

/* shop_ours.c: reapers, parent, events; settle and release as the flows do them. */
void our_steps(struct shop_step *step);
void shop_check(struct shop_step *step);

#endif
