/* A refund that Stripe shows, by answer, list or event: only forward, and done means that the sum is whole. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "refund_sample.h"

#define STATES   8
#define STATUSES 5

/* Rule 8: how far a state is. */
static int rank(int state)
{
	static const int ranks[STATES] = {0, 0, 1, 2, 3, 4, 4, 0};

	return ranks[state];
}

static bool is_open(enum refund_state state)
{
	return state == REFUND_PENDING || state == REFUND_REQUIRES_ACTION;
}

Test(refund_event, ours_moves_the_row_forward_and_never_back)
{
	for (int state = 0; state < STATES; state++) {
		for (int status = 0; status < STATUSES; status++) {
			struct refund refund = sample_refund((enum refund_state)state);
			struct stripe_refund seen = ours((enum stripe_refund_status)status, 1, 4500);
			struct refund_change got;
			bool forward = rank(REFUND_PENDING + status) > rank(state);
			bool may_be_replaced = status >= STRIPE_REFUND_FAILED && rank(state) > 0;

			cr_assert_eq(refund_event_next(&refund, &seen, &got), forward, "%d %d", state,
				     status);
			if (!forward)
				continue;
			cr_assert_eq(got.list_next, may_be_replaced);
			if (may_be_replaced) {
				cr_assert_eq((int)got.state, state);
				continue;
			}
			cr_assert_eq(got.state, (enum refund_state)(REFUND_PENDING + status));
			cr_assert_eq(got.generation, 1);
			cr_assert_eq(got.alarm, status >= STRIPE_REFUND_FAILED);
			cr_assert_eq(got.mails_parent, got.alarm);
			cr_assert_eq(got.retry, is_open(got.state));
		}
	}
}

Test(refund_event, by_hand_or_of_another_generation_calls_for_a_list_where_it_matters)
{
	/* rows that look at a live one, and at one that failed */
	static const bool live[STATES] = {[REFUND_PENDING] = true,
					  [REFUND_REQUIRES_ACTION] = true,
					  [REFUND_FAILED] = true,
					  [REFUND_CANCELED] = true,
					  [REFUND_NEEDS_ATTENTION] = true};
	static const bool gone[STATES] = {
		[REFUND_PENDING] = true, [REFUND_REQUIRES_ACTION] = true, [REFUND_SUCCEEDED] = true};

	for (int state = 0; state < STATES; state++) {
		for (int status = 0; status < STATUSES; status++) {
			for (int by = 0; by < 3; by++) {
				struct refund refund = sample_refund((enum refund_state)state);
				struct stripe_refund seen =
					ours((enum stripe_refund_status)status, by + 1, 4500);
				struct refund_change got;
				bool want = status < STRIPE_REFUND_FAILED ? live[state] : gone[state];

				refund.generation = 2;
				if (by == 1)
					seen = by_hand((enum stripe_refund_status)status, 4500);
				cr_assert_eq(refund_event_next(&refund, &seen, &got), want);
				if (want)
					cr_assert(got.state == refund.state && got.generation == 2
						  && got.list_next && got.retry && !got.alarm);
			}
		}
	}
}

Test(refund_event, less_than_the_whole_is_not_done_until_a_list_says_so)
{
	for (int state = 0; state < STATES; state++) {
		for (int status = 0; status < STRIPE_REFUND_FAILED; status++) {
			struct refund refund = sample_refund((enum refund_state)state);
			struct stripe_refund seen = ours((enum stripe_refund_status)status, 1, 4499);
			struct refund_change got;
			bool moved = refund_event_next(&refund, &seen, &got);

			cr_assert_eq(moved, rank(REFUND_PENDING + status) > rank(state));
			if (!moved)
				continue;
			cr_assert(got.list_next && got.retry);
			cr_assert_eq(got.state, state <= REFUND_SENDING ? REFUND_PENDING : refund.state);
		}
	}
}

Test(refund_event, another_payment_or_currency_or_no_capture_moves_nothing)
{
	struct refund refund = sample_refund(REFUND_SENDING);
	struct stripe_refund seen = ours(STRIPE_REFUND_SUCCEEDED, 1, 4500);
	struct refund_change got;

	snprintf(seen.payment_intent, sizeof(seen.payment_intent), "pi_other");
	cr_assert_not(refund_event_next(&refund, &seen, &got));
	seen = ours(STRIPE_REFUND_SUCCEEDED, 1, 4500);
	snprintf(seen.amount.currency, sizeof(seen.amount.currency), "USD");
	cr_assert(refund_event_next(&refund, &seen, &got));
	cr_assert(got.state == REFUND_PENDING && got.list_next, "dollars do not add up to euros");
	refund.captured.minor = 0;
	cr_assert_not(refund_event_next(&refund, &seen, &got));
}

Test(refund_event, the_reason_is_stripes_or_else_the_status)
{
	struct refund refund = sample_refund(REFUND_SENDING);
	struct stripe_refund seen = ours(STRIPE_REFUND_FAILED, 1, 4500);
	struct refund_change got;

	snprintf(seen.failure_reason, sizeof(seen.failure_reason), "lost_or_stolen_card");
	cr_assert(refund_event_next(&refund, &seen, &got));
	cr_assert_str_eq(got.reason, "lost_or_stolen_card");
	seen = ours(STRIPE_REFUND_CANCELED, 1, 4500);
	cr_assert(refund_event_next(&refund, &seen, &got));
	cr_assert_str_eq(got.reason, "canceled");
}

static struct refund_change made(enum refund_state state, struct refund_list list,
				 struct stripe_refund answer)
{
	struct refund refund = sample_refund(state);
	struct refund_change got;

	refund_next(&refund, &list, REFUND_ANSWER_REFUND, &answer, true, &got);
	return got;
}

Test(refund_event, an_answered_refund_is_recorded_in_every_state_that_may_take_it)
{
	for (int state = 0; state < STATES; state++) {
		for (int status = 0; status < STATUSES; status++) {
			struct refund_change got = made((enum refund_state)state, (struct refund_list){0},
							ours((enum stripe_refund_status)status, 1, 4500));
			bool forward = rank(REFUND_PENDING + status) > rank(state);

			cr_assert_eq((int)got.state, forward ? REFUND_PENDING + status : state);
			cr_assert_eq(got.generation, 1);
			cr_assert_not(got.counts_as_failure);
		}
	}
}

Test(refund_event, an_answered_rest_counts_together_with_what_was_listed)
{
	struct refund refund = sample_refund(REFUND_SENDING);
	struct refund_list list = whole_list();
	struct refund_change got =
		made(REFUND_SENDING, (struct refund_list){0}, ours(STRIPE_REFUND_SUCCEEDED, 1, 3000));

	cr_assert(got.state == REFUND_PENDING && got.list_next && got.retry);
	add(&list, &refund, by_hand(STRIPE_REFUND_SUCCEEDED, 1499));
	cr_assert_eq(made(REFUND_SENDING, list, ours(STRIPE_REFUND_SUCCEEDED, 1, 3000)).state,
		     REFUND_PENDING);
	add(&list, &refund, by_hand(STRIPE_REFUND_SUCCEEDED, 1));
	cr_assert_eq(made(REFUND_SENDING, list, ours(STRIPE_REFUND_SUCCEEDED, 1, 3000)).state,
		     REFUND_SUCCEEDED);
	cr_assert_eq(made(REFUND_SENDING, list, ours(STRIPE_REFUND_SUCCEEDED, 1, INT64_MAX)).state,
		     REFUND_SUCCEEDED);
	add(&list, &refund, ours(STRIPE_REFUND_SUCCEEDED, 1, 2999));
	cr_assert_eq(made(REFUND_SENDING, list, ours(STRIPE_REFUND_SUCCEEDED, 1, 2999)).state, REFUND_PENDING,
		     "what is listed already is not counted twice");
}

static struct refund_change listed(enum refund_state state, struct refund_list list,
				   enum refund_answer answer)
{
	struct refund refund = sample_refund(state);
	struct refund_change got;

	refund.attempts = 2;
	refund_next(&refund, &list, answer, NULL, false, &got);
	return got;
}

Test(refund_event, refunds_that_add_up_are_adopted_by_whoever_made_them)
{
	for (int state = 0; state < STATES; state++) {
		for (int status = 0; status < STRIPE_REFUND_FAILED; status++) {
			for (int whole = 0; whole < 2; whole++) {
				struct refund refund = sample_refund((enum refund_state)state);
				struct refund_list list = {.listed = true, .whole = whole};
				struct refund_change got;
				bool forward = rank(REFUND_PENDING + status) > rank(state)
					       || state == REFUND_FAILED || state == REFUND_CANCELED;

				add(&list, &refund, by_hand(STRIPE_REFUND_SUCCEEDED, 500));
				add(&list, &refund, ours((enum stripe_refund_status)status, 1, 4000));
				got = listed((enum refund_state)state, list, REFUND_ANSWER_NOT_SENT);
				cr_assert_eq((int)got.state, forward ? REFUND_PENDING + status : state);
				cr_assert_eq(got.retry, is_open(got.state));
				cr_assert_not(got.alarm);
			}
		}
	}
}

Test(refund_event, ours_that_failed_fails_the_row_and_a_short_one_calls_a_person)
{
	for (int state = 0; state < STATES; state++) {
		struct refund refund = sample_refund((enum refund_state)state);
		struct refund_list list = whole_list();
		struct refund_change got;
		bool stays = state == REFUND_FAILED || state == REFUND_CANCELED;

		add(&list, &refund, ours(STRIPE_REFUND_FAILED, 1, 4500));
		got = listed((enum refund_state)state, list, REFUND_ANSWER_NOT_SENT);
		cr_assert_eq((int)got.state, stays ? state : REFUND_FAILED);
		cr_assert_eq(got.alarm, !stays);
		cr_assert_eq(got.mails_parent, !stays);
		add(&list, &refund, ours(STRIPE_REFUND_SUCCEEDED, 1, 4000));
		got = listed((enum refund_state)state, list, REFUND_ANSWER_NOT_SENT);
		cr_assert_eq((int)got.state, stays ? state : REFUND_NEEDS_ATTENTION);
		cr_assert_eq(got.alarm, !stays && state != REFUND_NEEDS_ATTENTION);
		cr_assert_eq(got.mails_parent, got.alarm);
		cr_assert_not(got.retry);
	}
}

Test(refund_event, a_poll_that_finds_nothing_left_calls_a_person)
{
	static const enum refund_state had[] = {REFUND_PENDING, REFUND_REQUIRES_ACTION, REFUND_SUCCEEDED};

	for (size_t i = 0; i < 3; i++) {
		struct refund_change got = listed(had[i], whole_list(), REFUND_ANSWER_NOT_SENT);

		cr_assert_eq(got.state, REFUND_NEEDS_ATTENTION);
		cr_assert_str_eq(got.reason, "adopted_refund_gone");
		cr_assert(got.alarm && got.mails_parent && !got.retry);
	}
}

Test(refund_event, a_poll_whose_list_failed_looks_again_and_forgets_nothing)
{
	static const enum refund_state states[] = {REFUND_PENDING, REFUND_REQUIRES_ACTION, REFUND_SUCCEEDED,
						   REFUND_NEEDS_ATTENTION};

	for (int broken = 0; broken < 2; broken++) {
		for (size_t i = 0; i < 4; i++) {
			struct refund_list list = {.listed = broken};
			struct refund_change got = listed(states[i], list, REFUND_ANSWER_UNKNOWN);

			cr_assert_eq(got.state, states[i]);
			cr_assert_eq(got.retry, is_open(states[i]));
			cr_assert_eq(got.counts_as_failure, is_open(states[i]));
			got = listed(states[i], list, REFUND_ANSWER_CREDENTIALS);
			cr_assert(got.breaker && got.alarm && !got.counts_as_failure);
		}
	}
}

static bool retry(enum refund_state state, const struct refund_list *list, struct refund_change *ret)
{
	struct refund refund = sample_refund(state);

	return refund_retry_next(&refund, list, ret);
}

Test(refund_event, an_operator_retries_only_what_ended_badly_and_only_after_a_whole_list)
{
	for (int state = 0; state < STATES; state++) {
		for (unsigned bits = 0; bits < 4; bits++) {
			struct refund_list list = {.listed = bits & 1, .whole = bits & 2};
			struct refund_change got;

			cr_assert_eq(retry((enum refund_state)state, &list, &got),
				     state >= REFUND_FAILED && bits == 3);
			if (state >= REFUND_FAILED && bits == 3)
				cr_assert(got.state == REFUND_REQUESTED && got.generation == 1 && got.retry
					  && got.list_next);
		}
	}
}

Test(refund_event, an_operators_retry_of_what_came_to_less_sends_the_rest_under_a_new_key)
{
	struct refund refund = sample_refund(REFUND_NEEDS_ATTENTION);
	struct refund_list list = whole_list();
	struct refund_change got;

	add(&list, &refund, by_hand(STRIPE_REFUND_FAILED, 1000));
	add(&list, &refund, ours(STRIPE_REFUND_SUCCEEDED, 1, 3500));
	cr_assert(refund_retry_next(&refund, &list, &got));
	cr_assert(got.state == REFUND_REQUESTED && got.generation == 2 && got.list_next);
	refund = sample_refund(REFUND_SENDING);
	refund.generation = 2;
	refund.attempts = 2;
	list = whole_list();
	add(&list, &refund, ours(STRIPE_REFUND_SUCCEEDED, 1, 3500));
	cr_assert_eq(refund_plan(&refund, &list), REFUND_STEP_POST);
	refund_next(&refund, &list, REFUND_ANSWER_REFUND,
		    &(struct stripe_refund){.amount = {1000, "EUR"}, .status = STRIPE_REFUND_SUCCEEDED},
		    false, &got);
	cr_assert_eq(got.state, REFUND_SUCCEEDED);
	refund_next(&refund, &list, REFUND_ANSWER_UNKNOWN, NULL, false, &got);
	cr_assert(got.state == REFUND_REQUESTED && got.generation == 2 && got.list_next);
}

Test(refund_event, an_operators_retry_takes_a_new_key_only_when_the_old_ones_refund_is_known)
{
	struct refund refund = sample_refund(REFUND_FAILED);
	struct refund_list list = whole_list();
	struct refund_change got;

	add(&list, &refund, ours(STRIPE_REFUND_FAILED, 1, 4500));
	cr_assert(retry(REFUND_FAILED, &list, &got));
	cr_assert(got.state == REFUND_REQUESTED && got.generation == 2);
	add(&list, &refund, by_hand(STRIPE_REFUND_PENDING, 4500));
	cr_assert(retry(REFUND_FAILED, &list, &got));
	cr_assert(got.state == REFUND_PENDING && got.generation == 1 && got.retry,
		  "given back by hand meanwhile");
	refund.captured.minor = 0;
	cr_assert_not(refund_retry_next(&refund, &list, &got));
	list = whole_list();
	refund = sample_refund(REFUND_FAILED);
	add(&list, &refund, by_hand(STRIPE_REFUND_SUCCEEDED, 4500));
	cr_assert(retry(REFUND_CANCELED, &list, &got));
	cr_assert(got.state == REFUND_SUCCEEDED && !got.retry);
}

Test(refund_event, only_what_a_dispute_has_stopped_waits_for_the_bank)
{
	static const char *const reasons[] = {"charge_disputed", "charge_for_pending_refund_disputed",
					      "refused", NULL};

	for (int state = 0; state <= REFUND_NEEDS_ATTENTION; state++)
		for (int i = 0; i < 4; i++)
			cr_expect_eq(refund_waits_for_bank((enum refund_state)state, reasons[i]),
				     (state == REFUND_NEEDS_ATTENTION && i == 0)
					     || (state == REFUND_FAILED && i == 1));
}

Test(refund_event, a_dispute_stops_what_was_never_sent_and_a_won_one_lets_go_what_waits_for_it)
{
	static const char *const statuses[] = {"needs_response", "under_review", "lost", "won",
					       "warning_closed"};
	static const char *const reasons[] = {NULL, "charge_disputed", "charge_for_pending_refund_disputed",
					      "refused"};

	for (int state = 0; state <= REFUND_NEEDS_ATTENTION; state++) {
		for (unsigned i = 0; i < 40; i++) {
			struct refund refund = sample_refund((enum refund_state)state);
			const char *status = statuses[i % 5], *reason = reasons[i / 5 % 4];
			bool takes = i % 5 < 3, was_sent = i >= 20, is_unsent = state <= REFUND_SENDING;
			bool stops = takes && is_unsent && !was_sent;
			bool failed = state == REFUND_FAILED;
			bool goes = i % 5 == 3
				    && ((i / 5 % 4 == 1 && state == REFUND_NEEDS_ATTENTION)
					|| (i / 5 % 4 == 2 && failed));
			struct refund_change got = {0};

			refund.attempts = was_sent ? 2 : 1;
			cr_assert_eq(refund_dispute_next(&refund, reason, status, &got), stops || goes);
			if (!stops && !goes)
				continue;
			cr_assert_eq(got.state, stops ? REFUND_NEEDS_ATTENTION : REFUND_REQUESTED);
			cr_assert_eq(got.generation, refund.generation + failed);
			cr_assert_eq(got.alarm, stops);
			cr_assert_str_eq(got.reason, stops ? REFUND_REASON_DISPUTED : "");
		}
	}
}
