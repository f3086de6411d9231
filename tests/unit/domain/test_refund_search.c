/* Everything that can happen to one refund within bounds (design.md section 11, row "refund"). */
#include <criterion/criterion.h>
#include <stdio.h>

#include "refund_world.h"

static void search_from(const char *what, struct world_rules rules, struct world initial,
			struct search_result *ret)
{
	world_search(&rules, &initial, ret);
	printf("refund search, %s: %zu states, %zu ends, %s%s\n", what, ret->states, ret->ends,
	       ret->violation ? ret->violation : "no violation", ret->trace);
}

static void holds(const char *what, struct world_rules rules, struct world initial)
{
	struct search_result result;

	search_from(what, rules, initial, &result);
	cr_assert_null(result.violation, "%s: %s:%s", what, result.violation, result.trace);
	cr_assert_gt(result.ends, 0u);
}

static void breaks(const char *what, struct world_rules rules, struct world initial, const char *want)
{
	struct search_result result;

	search_from(what, rules, initial, &result);
	cr_assert_not_null(result.violation, "%s: taking it away did no harm", what);
	cr_assert_str_eq(result.violation, want);
}

static struct world nothing_fails(void)
{
	struct world initial = world_initial;

	initial.failures = 0;
	return initial;
}

Test(refund_search, two_workers_never_refund_twice_while_stripe_refuses)
{
	holds("2 workers, Stripe refuses", (struct world_rules){.workers = 2, .stripe_refuses = true},
	      world_initial);
}

Test(refund_search, two_workers_never_refund_twice_though_stripe_would_not_refuse)
{
	holds("2 workers, Stripe does not refuse", (struct world_rules){.workers = 2}, world_initial);
}

Test(refund_search, three_workers_never_refund_twice)
{
	struct world initial = world_initial;

	initial.faults = 1;
	holds("3 workers", (struct world_rules){.workers = 3}, initial);
}

Test(refund_search, refunds_made_by_hand_are_adopted)
{
	struct world initial = world_initial;

	initial.faults = 1;
	initial.hands = 1;
	holds("by hand", (struct world_rules){.workers = 2, .stripe_refuses = true}, initial);
}

Test(refund_search, what_a_part_by_hand_that_failed_left_is_sent_once_when_an_operator_asks)
{
	struct world initial = world_initial;

	initial.faults = 1;
	initial.hands = 1;
	initial.failures = 2;
	holds("a part by hand fails", (struct world_rules){.workers = 1, .stripe_refuses = true}, initial);
}

Test(refund_search, without_list_first_it_refunds_twice)
{
	breaks("no list first", (struct world_rules){.workers = 2, .no_list_first = true}, nothing_fails(),
	       "two live refunds of ours");
}

Test(refund_search, without_list_first_a_failed_refund_is_repeated_though_stripe_refuses)
{
	breaks("no list first, Stripe refuses",
	       (struct world_rules){.workers = 1, .stripe_refuses = true, .no_list_first = true},
	       world_initial, "a failed refund was repeated though nobody asked for it");
}

Test(refund_search, without_the_fence_a_worker_moves_what_is_final)
{
	breaks("no fence", (struct world_rules){.workers = 2, .stripe_refuses = true, .no_fence = true},
	       world_initial, "a worker moved a final state");
}

Test(refund_search, without_the_stored_key_it_refunds_twice)
{
	breaks("no stored key", (struct world_rules){.workers = 2, .no_stored_key = true}, nothing_fails(),
	       "two live refunds of ours");
}

Test(refund_search, a_list_made_before_the_answer_is_not_enough_to_leave_a_key)
{
	breaks("no list after the answer", (struct world_rules){.workers = 2, .no_list_after = true},
	       world_initial, "a failed refund was repeated though nobody asked for it");
}

Test(refund_search, a_refusal_told_again_is_no_fresh_one)
{
	breaks("a stored refusal is believed again",
	       (struct world_rules){.workers = 1, .stripe_refuses = true, .believes_again = true},
	       nothing_fails(), "an operator asked again in vain, though nothing was amiss");
}

Test(refund_search, an_operator_who_always_takes_a_new_key_refunds_twice)
{
	breaks("new key at each operator's retry", (struct world_rules){.workers = 2, .blind_retry = true},
	       nothing_fails(), "two live refunds of ours");
}
