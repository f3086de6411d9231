/* Everything that can happen to one booking that somebody pays, or does not (design.md section 11, row "checkout"). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "shop.h"

void shop_to(struct shop_step *step, const struct shop *to, const char *action, bool may_be_calm)
{
	struct shop sorted = *to;

	if (memcmp(to, step->from, sizeof *to) == 0)
		return;
	if (memcmp(&sorted.hand[0], &sorted.hand[1], sizeof sorted.hand[0])
	    < 0) { /* which is which does not matter */
		sorted.hand[0] = to->hand[1];
		sorted.hand[1] = to->hand[0];
	}
	search_add(step->search, &sorted, action, may_be_calm && !step->calm_taken);
	step->calm_taken |= may_be_calm;
}

/* When nothing more comes, everything must be at its end. */
static void check_end(const struct shop *shop, struct search *search)
{
	if (shop->status == BOOKING_PENDING)
		search_violation(search, "Pending for ever");
	if (!shop->closed)
		search_violation(search, "a checkout that nobody closes");
	for (int c = 1; c <= CHECKOUTS; c++)
		if (shop->at_stripe[c - 1] == PAID && !(shop->decided & (1 << c)))
			search_violation(search, "a payment that nobody decides");
}

static void successors(const void *state, struct search *search, void *context)
{
	struct shop from;
	struct shop_step step = {.rules = context, .search = search, .from = &from};

	memcpy(&from, state, sizeof from);
	shop_check(&step);
	our_steps(&step);
	outside_steps(&step);
	if (!step.calm_taken) {
		check_end(&from, search);
		search_end(search);
	}
}

static const struct shop start = {.status = BOOKING_PENDING,
				  .kills = 2,
				  .rivals = 1,
				  .cancels = 1,
				  .seconds = 1,
				  .at_stripe = {OPEN, ABSENT}};

static void run(const char *what, struct shop_rules rules, struct search_result *ret)
{
	const struct search_model model = {.state_bytes = sizeof(struct shop),
					   .successors = successors,
					   .context = &rules,
					   .states_max = 4000000};

	search_run(&model, &start, ret);
	printf("checkout search, %s: %zu states, %zu ends, %s%s\n", what, ret->states, ret->ends,
	       ret->violation ? ret->violation : "no violation", ret->trace);
}

static void holds(const char *what, struct shop_rules rules)
{
	struct search_result result;

	run(what, rules, &result);
	cr_assert_null(result.violation, "%s: %s:%s", what, result.violation, result.trace);
	cr_assert_gt(result.ends, 0u);
}

static void breaks(const char *what, struct shop_rules rules, const char *want)
{
	struct search_result result;

	run(what, rules, &result);
	cr_assert_not_null(result.violation, "%s: taking it away did no harm", what);
	cr_assert_str_eq(result.violation, want);
}

Test(checkout_search, no_payment_is_swallowed_and_none_is_given_back_twice)
{
	holds("two checkouts", (struct shop_rules){0});
}

Test(checkout_search, a_second_payment_of_another_amount_goes_back)
{
	holds("wrong amount", (struct shop_rules){.second_is_wrong = true});
}

Test(checkout_search, delayed_methods_are_waited_for)
{
	holds("delayed", (struct shop_rules){.delayed = true});
}

Test(checkout_search, deciding_a_payment_each_time_gives_a_kept_one_back)
{
	breaks("decided each time", (struct shop_rules){.no_decided_once = true}, "kept and given back");
}

Test(checkout_search, a_release_that_believes_another_checkouts_end_frees_a_payable_slot)
{
	breaks("any checkout's word", (struct shop_rules){.no_own_checkout = true},
	       "released as expired while it could be paid");
}

Test(checkout_search, a_release_that_does_not_look_at_the_status_swallows_a_payment)
{
	breaks("no status guard", (struct shop_rules){.no_status_guard = true},
	       "swallowed: neither kept nor given back");
}

Test(checkout_search, a_timer_is_proof_of_nothing)
{
	breaks("timer", (struct shop_rules){.timer_reaps = true},
	       "released as expired while it could be paid");
}
