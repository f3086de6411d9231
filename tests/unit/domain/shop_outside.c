/* shop_outside.c: what others do: buyers, Stripe's clock, the rival, time */
#include "shop.h"

void stripe_becomes(struct shop *shop, int checkout, enum at_stripe state)
{
	shop->at_stripe[checkout] = (uint8_t)state;
	shop->emitted[checkout] |= (uint8_t)(1 << state);
}

/* A buyer pays what is open, for ever so long as Stripe has it open; Stripe's clock closes it, however late. */
static void checkout_steps(struct shop_step *step, int c)
{
	struct shop to = *step->from;

	if (step->from->at_stripe[c] == OPEN) {
		stripe_becomes(&to, c, PAID);
		shop_to(step, &to, "paid", false);
		if (step->rules->delayed) {
			to = *step->from;
			stripe_becomes(&to, c, AWAITED);
			shop_to(step, &to, "paid by a delayed method", false);
		}
		to = *step->from;
		stripe_becomes(&to, c, EXPIRED);
		if (to.time > 0)
			shop_to(step, &to, "expired by Stripe's clock", true);
	}
	if (step->from->at_stripe[c] == AWAITED) {
		to = *step->from;
		stripe_becomes(&to, c, PAID);
		shop_to(step, &to, "the delayed money came", true);
		to = *step->from;
		stripe_becomes(&to, c, DEFAULTED);
		shop_to(step, &to, "the delayed money did not come", false);
	}
}

/* Without a live booking of ours the slot is free for others. */
static void rival_steps(struct shop_step *step)
{
	struct shop to = *step->from;
	bool is_live = to.status == BOOKING_PENDING || to.status == BOOKING_CONFIRMED;

	if (to.rival) {
		to.rival = 0;
		shop_to(step, &to, "the rival gives up", false);
	} else if (!is_live && to.rivals > 0) {
		to.rivals--;
		to.rival = 1;
		shop_to(step, &to, "a rival books the slot", false);
	}
}

void outside_steps(struct shop_step *step)
{
	struct shop to = *step->from;

	for (int c = 0; c < CHECKOUTS; c++)
		checkout_steps(step, c);
	if (to.seconds > 0 && to.at_stripe[1] == ABSENT) {
		to.seconds--;
		to.at_stripe[1] = OPEN;
		shop_to(step, &to, "a second checkout is made", false);
	}
	rival_steps(step);
	to = *step->from;
	if (to.time < 2) {
		to.time++;
		shop_to(step, &to, to.time == 1 ? "the hold ends" : "the session starts", to.time == 1);
	}
}
