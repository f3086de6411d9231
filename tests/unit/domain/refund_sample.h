/* refund_sample.h: a refund of 45.00 EUR, and what Stripe might show of it. */
#ifndef REFUND_SAMPLE_H
#define REFUND_SAMPLE_H

#include "refund.h"

static inline struct refund sample_refund(enum refund_state state)
{
	return (struct refund){.id = "r",
			       .booking_id = 7,
			       .payment_intent = "pi_1",
			       .captured = {4500, "EUR"},
			       .state = state,
			       .generation = 1,
			       .first_sent_at = INSTANT_NONE,
			       .attempts = 1};
}

static inline struct refund_list whole_list(void)
{
	return (struct refund_list){.listed = true, .whole = true};
}

static inline struct stripe_refund by_hand(enum stripe_refund_status status, int64_t minor)
{
	return (struct stripe_refund){
		.id = "re_hand", .payment_intent = "pi_1", .amount = {minor, "EUR"}, .status = status};
}

static inline struct stripe_refund ours(enum stripe_refund_status status, int generation, int64_t minor)
{
	return (struct stripe_refund){.id = "re_ours",
				      .payment_intent = "pi_1",
				      .amount = {minor, "EUR"},
				      .status = status,
				      .refund_id = "r",
				      .generation = generation};
}

static inline void add(struct refund_list *list, const struct refund *refund, struct stripe_refund found)
{
	refund_list_add(list, refund, &found);
}

#endif
