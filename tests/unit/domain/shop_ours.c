/* shop_ours.c: our side: what asks Stripe, what writes, and what must never be */
#include "shop.h"

#include <stddef.h>

#include "sample.h"

static const char *const session_ids[] = {NULL, "cs_1", "cs_2"};
static const char *const intents[] = {NULL, "pi_1", "pi_2"};

static struct booking row_of(const struct shop *shop)
{
	struct booking booking = sample_booking();

	booking.status = (enum booking_status)shop->status;
	booking.cancel_cause = (enum cancel_cause)shop->cause;
	booking.stripe_session_id = session_ids[shop->own];
	booking.payment_intent = intents[shop->kept];
	return booking;
}

/* Stripe's object, as a GET shows it now or as an event told it then. */
static struct checkout object_of(enum at_stripe state)
{
	struct checkout checkout = {.status = CHECKOUT_COMPLETE, .payment_failed = state == DEFAULTED};

	if (state == OPEN)
		checkout.status = CHECKOUT_OPEN;
	if (state == EXPIRED)
		checkout.status = CHECKOUT_EXPIRED;
	if (state == PAID)
		checkout.paid = CHECKOUT_PAID;
	return checkout;
}

static void close_own(struct shop *to, int checkout)
{
	if (!to->own)
		to->own = (uint8_t)checkout;
	if (to->own == checkout)
		to->closed = 1;
}

/* settle.c: one transaction. */
static void settle(const struct shop_step *step, struct shop *to, int checkout)
{
	uint8_t bit = (uint8_t)(1 << checkout);
	struct booking booking = row_of(to);
	const struct payment payment = {
		.payment_intent = intents[checkout],
		.amount = {booking.price.minor + (step->rules->second_is_wrong && checkout == 2), "EUR"}};
	struct payment_decision decision;

	if ((to->decided & bit) && !step->rules->no_decided_once)
		return;
	to->decided |= bit;
	payment_decide(&booking, &payment, before_start(to->time == 2 ? 0 : 1), !to->rival, &decision);
	close_own(to, checkout);
	if (!booking_may_become(booking.status, BOOKING_CONFIRMED) && payment_is_kept(decision.outcome))
		search_violation(step->search, "a move that rule 3 forbids");
	if (payment_is_kept(decision.outcome)) {
		to->status = BOOKING_CONFIRMED;
		to->cause = CAUSE_NONE;
		to->kept = (uint8_t)checkout;
		return;
	}
	to->refunds |= bit;
	to->mailed |= bit;
	if (decision.outcome == PAYMENT_RETURN_AND_CANCEL) {
		to->status = BOOKING_CANCELLED;
		to->cause = (uint8_t)decision.cause;
	}
}

/* release.c: one transaction. */
static void release(const struct shop_step *step, struct shop *to, int checkout, enum cancel_cause cause,
		    bool is_closed)
{
	struct booking booking = row_of(to);
	enum release_outcome outcome = release_decide(
		&booking, step->rules->no_own_checkout ? booking.stripe_session_id : session_ids[checkout]);

	if (step->rules->no_status_guard && outcome == RELEASE_NOT_PENDING)
		outcome = RELEASED;
	if (outcome == RELEASED) {
		to->status = BOOKING_CANCELLED;
		to->cause = (uint8_t)cause;
		to->told |= cause == CAUSE_PAYMENT_CANCELLED;
	}
	if ((outcome == RELEASED || outcome == RELEASE_REPEATED) && is_closed)
		to->closed = 1;
}

/* act.c */
static void act(struct shop_step *step, int h)
{
	const struct shop_hand *hand = &step->from->hand[h];
	struct shop to = *step->from;

	to.hand[h] = (struct shop_hand){0};
	switch ((enum checkout_proof)hand->proof) {
	case CHECKOUT_PROVES_PAID:
		settle(step, &to, hand->checkout);
		break;
	case CHECKOUT_PROVES_UNPAID:
		release(step, &to, hand->checkout,
			h == PARENT ? CAUSE_PAYMENT_CANCELLED : CAUSE_CHECKOUT_EXPIRED, true);
		break;
	case CHECKOUT_PROVES_FAILED:
		release(step, &to, hand->checkout, CAUSE_CHECKOUT_FAILED, true);
		break;
	case CHECKOUT_PROVES_FREE:
	case CHECKOUT_PROVES_WAIT:
	case CHECKOUT_PROVES_NOTHING:
		break;
	}
	if (h < PARENT && to.own == hand->checkout && to.status != BOOKING_PENDING
	    && hand->proof != CHECKOUT_PROVES_WAIT)
		to.closed = 1; /* checkouts_record_closed */
	shop_to(step, &to, "write", true);
	to = *step->from;
	to.hand[h] = (struct shop_hand){0};
	if (to.kills > 0) {
		to.kills--;
		shop_to(step, &to, "killed before it writes", false);
	}
}

/* Ask Stripe to expire the booking's checkout and look at what it is then: the answer is held, for as long as may be. */
static void ask(struct shop_step *step, int h)
{
	struct shop to = *step->from;
	enum checkout_proof proof;
	struct checkout object;

	if (to.at_stripe[to.own - 1] == OPEN)
		stripe_becomes(&to, to.own - 1, EXPIRED);
	object = object_of((enum at_stripe)to.at_stripe[to.own - 1]);
	proof = checkout_prove(&object);
	if (step->rules->timer_reaps && h < PARENT) {
		to = *step->from;
		proof = CHECKOUT_PROVES_UNPAID;
	}
	if (proof == CHECKOUT_PROVES_WAIT || proof == CHECKOUT_PROVES_NOTHING)
		return;
	to.hand[h] = (struct shop_hand){to.own, (uint8_t)proof};
	shop_to(step, &to, h < PARENT ? "a reaper asks Stripe" : "the parent cancels the payment",
		h < PARENT);
}

/* Pending with the hold over, or released with a checkout that may still be paid, or paid by another checkout. */
static void reaper_steps(struct shop_step *step, int h)
{
	struct shop to = *step->from;
	bool is_due = to.status == BOOKING_PENDING ? to.time > 0 : !to.closed;

	if (!is_due)
		return;
	if (!to.own) { /* the same creation under the same key */
		to.own = 1;
		shop_to(step, &to, "a reaper finds the lost checkout", true);
		return;
	}
	ask(step, h);
}

static void parent_steps(struct shop_step *step)
{
	struct shop to = *step->from;

	if (to.status == BOOKING_PENDING) {
		if (to.own)
			ask(step, PARENT);
		release(step, &to, to.own, CAUSE_PAYMENT_CANCELLED, false);
		shop_to(step, &to, "the parent cancels the payment, Stripe is away", false);
	}
	to = *step->from;
	if (to.status == BOOKING_CONFIRMED && to.cancels > 0 && to.time < 2) {
		to.cancels--;
		to.status = BOOKING_CANCELLED;
		to.cause = CAUSE_PARENT;
		to.told = 1;
		to.refunds |= (uint8_t)(1 << to.kept);
		to.mailed |= (uint8_t)(1 << to.kept);
		shop_to(step, &to, "the parent cancels the session", false);
	}
}

/* checkout_event.c: for ever is believed as told; the rest is read again, and only then written. */
static void event_step(struct shop_step *step, int c, enum at_stripe told)
{
	struct shop to = *step->from;
	struct checkout object = object_of(told);
	enum checkout_proof proof = checkout_prove(&object);

	if (!to.own)
		to.own = (uint8_t)(c + 1);
	if (proof == CHECKOUT_PROVES_PAID) {
		settle(step, &to, c + 1);
	} else if (proof == CHECKOUT_PROVES_UNPAID) {
		release(step, &to, c + 1, CAUSE_CHECKOUT_EXPIRED, true);
	} else if (!to.hand[HANDLER].checkout) {
		object = object_of((enum at_stripe)to.at_stripe[c]);
		proof = checkout_prove(&object);
		if (proof == CHECKOUT_PROVES_WAIT || proof == CHECKOUT_PROVES_NOTHING)
			return;
		to.hand[HANDLER] = (struct shop_hand){(uint8_t)(c + 1), (uint8_t)proof};
	}
	shop_to(step, &to, "an event", told == PAID || told == EXPIRED);
}

void our_steps(struct shop_step *step)
{
	struct shop to = *step->from;

	for (int h = 0; h < HANDS; h++)
		if (step->from->hand[h].checkout)
			act(step, h);
	for (int c = 0; c < CHECKOUTS; c++) {
		for (int told = EXPIRED; told <= DEFAULTED; told++)
			if (step->from->emitted[c] & (1 << told))
				event_step(step, c, (enum at_stripe)told);
		if (!to.own && to.at_stripe[c] != ABSENT) {
			to.own = (uint8_t)(c + 1);
			shop_to(step, &to, "T2", false);
			to = *step->from;
		}
	}
	for (int h = 0; h < PARENT; h++)
		if (!step->from->hand[h].checkout)
			reaper_steps(step, h);
	if (!step->from->hand[PARENT].checkout)
		parent_steps(step);
}

void shop_check(struct shop_step *step)
{
	const struct shop *shop = step->from;
	bool is_live = shop->status == BOOKING_PENDING || shop->status == BOOKING_CONFIRMED;

	if (is_live && shop->rival)
		search_violation(step->search, "two live bookings of one slot");
	for (int c = 1; c <= CHECKOUTS; c++) {
		uint8_t bit = (uint8_t)(1 << c);

		if (shop->refunds & bit && shop->at_stripe[c - 1] != PAID)
			search_violation(step->search, "a refund of what was never paid");
		if (shop->refunds & bit && shop->status == BOOKING_CONFIRMED && shop->kept == c)
			search_violation(step->search, "kept and given back");
		if ((shop->refunds & bit) && !(shop->mailed & bit))
			search_violation(step->search, "given back, and nobody was told");
		if ((shop->decided & bit) && !(shop->refunds & bit)
		    && !(shop->status == BOOKING_CONFIRMED && shop->kept == c))
			search_violation(step->search, "swallowed: neither kept nor given back");
	}
	if (shop->status == BOOKING_CONFIRMED && shop->told)
		search_violation(step->search, "told \"cancelled\", and then revived");
	if (shop->status == BOOKING_CONFIRMED && (!shop->kept || shop->at_stripe[shop->kept - 1] != PAID))
		search_violation(step->search, "confirmed without a payment");
	if (shop->cause == CAUSE_CHECKOUT_EXPIRED && shop->own && shop->at_stripe[shop->own - 1] == OPEN)
		search_violation(step->search, "released as expired while it could be paid");
}
