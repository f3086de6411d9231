/* One attempt of a refund, state by state and answer by answer (design.md rules 6 to 9, stripe.md section 2). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "refund_sample.h"

#define STATES  8
#define ANSWERS (REFUND_ANSWER_NOT_SENT + 1)

static bool is_unsent(enum refund_state state)
{
	return state == REFUND_REQUESTED || state == REFUND_SENDING;
}

static struct refund_change next(enum refund_state state, const struct refund_list *list,
				 enum refund_answer answer, bool give_up)
{
	struct refund refund = sample_refund(state);
	struct refund_change change;

	refund.attempts = 2;
	refund_next(&refund, list, answer, NULL, give_up, &change);
	return change;
}

Test(refund, names_are_the_words_of_the_table_and_of_stripe)
{
	static const char *const states[] = {"requested", "sending", "pending",  "requires_action",
					     "succeeded", "failed",  "canceled", "needs_attention"};
	static const char *const statuses[] = {"pending", "requires_action", "succeeded", "failed",
					       "canceled"};
	enum refund_state state = REFUND_REQUESTED;
	enum stripe_refund_status status = STRIPE_REFUND_PENDING;

	for (int i = 0; i < STATES; i++) {
		cr_assert_str_eq(refund_state_name((enum refund_state)i), states[i]);
		cr_assert(refund_state_decode(states[i], &state));
		cr_assert_eq((int)state, i);
		cr_assert_eq(refund_state_is_final((enum refund_state)i), i >= REFUND_SUCCEEDED);
	}
	for (int i = 0; i < 5; i++) {
		cr_assert_str_eq(stripe_refund_status_name((enum stripe_refund_status)i), statuses[i]);
		cr_assert(stripe_refund_status_decode(statuses[i], &status));
		cr_assert_eq((int)status, i);
	}
	cr_assert_not(refund_state_decode("cancelled", &state));
	cr_assert_not(stripe_refund_status_decode("Pending", &status));
	cr_assert_null(refund_state_name((enum refund_state)STATES));
	cr_assert_null(stripe_refund_status_name((enum stripe_refund_status)5));
}

Test(refund, key_names_the_refund_and_its_generation)
{
	struct refund refund = sample_refund(REFUND_SENDING);
	char key[REFUND_KEY_BYTES];

	snprintf(refund.id, sizeof(refund.id), "01234567-89ab-4cde-8f01-23456789abcd");
	refund.generation = 2147483647;
	refund_key(&refund, key);
	cr_assert_str_eq(key, "refund:01234567-89ab-4cde-8f01-23456789abcd:2147483647");
}

Test(refund, only_a_first_attempt_that_never_left_may_post_without_a_list)
{
	for (int state = 0; state < STATES; state++) {
		for (int attempts = 1; attempts <= 2; attempts++) {
			for (int generation = 1; generation <= 2; generation++) {
				for (int sent = 0; sent < 2; sent++) {
					struct refund refund = sample_refund((enum refund_state)state);
					struct refund_list none = {0};
					bool first = attempts == 1 && generation == 1 && !sent
						     && is_unsent(refund.state);

					refund.attempts = attempts;
					refund.generation = generation;
					refund.first_sent_at = sent ? (struct instant){1} : INSTANT_NONE;
					cr_assert_eq(refund_may_exist(&refund), !first);
					cr_assert_eq(refund_plan(&refund, &none) == REFUND_STEP_POST, first);
				}
			}
		}
	}
}

Test(refund, posts_after_a_list_only_when_it_is_whole_and_shows_nothing_of_ours)
{
	for (int state = 0; state < STATES; state++) {
		struct refund refund = sample_refund((enum refund_state)state);
		struct refund_list list = whole_list();

		refund.attempts = 5;
		cr_assert_eq(refund_plan(&refund, &list) == REFUND_STEP_POST, is_unsent(refund.state));
		list.whole = false;
		cr_assert_eq(refund_plan(&refund, &list), REFUND_STEP_RECORD);
	}
}

Test(refund, what_the_bank_disputes_is_not_sent_until_it_decides)
{
	for (unsigned i = 0; i < STATES * 8; i++) {
		struct refund refund = sample_refund((enum refund_state)(i / 8));
		struct refund_list list = {.listed = i & 1, .whole = i & 2};
		bool may_exist = i & 4, is_known = !may_exist || (i & 3) == 3;
		struct refund_change change;

		refund.is_disputed = true;
		refund.attempts = may_exist ? 2 : 1;
		cr_assert_eq(refund_plan(&refund, &list), REFUND_STEP_RECORD);
		if (!is_unsent(refund.state))
			continue;
		refund_next(&refund, &list, REFUND_ANSWER_NOT_SENT, NULL, false, &change);
		cr_assert_eq(change.state, is_known ? REFUND_NEEDS_ATTENTION : REFUND_REQUESTED);
		cr_assert_str_eq(change.reason, is_known ? REFUND_REASON_DISPUTED : "");
		refund_next(&refund, &list, REFUND_ANSWER_UNKNOWN, NULL, false, &change);
		cr_assert_eq(change.state, REFUND_REQUESTED);
	}
}

Test(refund, posts_beside_a_part_refunded_by_hand_and_not_beside_the_whole)
{
	struct refund refund = sample_refund(REFUND_SENDING);
	struct refund_list list = whole_list();

	add(&list, &refund, by_hand(STRIPE_REFUND_SUCCEEDED, 4499));
	cr_assert_eq(refund_plan(&refund, &list), REFUND_STEP_POST);
	add(&list, &refund, by_hand(STRIPE_REFUND_PENDING, 1));
	cr_assert_eq(refund_plan(&refund, &list), REFUND_STEP_RECORD);
}

Test(refund, does_not_post_when_ours_of_this_key_is_there_whatever_its_status_or_when_older_ones_add_up)
{
	for (int status = 0; status < 5; status++) {
		for (int generation = 1; generation <= 2; generation++) {
			struct refund refund = sample_refund(REFUND_SENDING);
			struct refund_list list = whole_list();

			refund.generation = 2;
			add(&list, &refund, ours((enum stripe_refund_status)status, generation, 100));
			cr_assert_eq(refund_plan(&refund, &list) == REFUND_STEP_POST, generation == 1);
			add(&list, &refund, ours(STRIPE_REFUND_SUCCEEDED, 1, 4400));
			cr_assert_eq(refund_plan(&refund, &list) == REFUND_STEP_POST,
				     generation == 1 && status >= STRIPE_REFUND_FAILED);
		}
	}
}

Test(refund, list_leaves_out_other_payments)
{
	struct refund refund = sample_refund(REFUND_SENDING);
	struct refund_list list = whole_list();
	struct stripe_refund other = by_hand(STRIPE_REFUND_SUCCEEDED, 4500);

	snprintf(other.payment_intent, sizeof(other.payment_intent), "pi_other");
	add(&list, &refund, other);
	cr_assert_eq(list.live_minor, 0);
	cr_assert_str_empty(list.newest_live.id);
	cr_assert_eq(refund_plan(&refund, &list), REFUND_STEP_POST);
}

Test(refund, nothing_is_posted_beside_one_of_ours_that_does_not_fit)
{
	for (int wrong_payment = 0; wrong_payment < 2; wrong_payment++) {
		struct refund refund = sample_refund(REFUND_SENDING);
		struct refund_list list = whole_list();
		struct stripe_refund odd = ours(STRIPE_REFUND_SUCCEEDED, 1, 4500);

		if (wrong_payment)
			snprintf(odd.payment_intent, sizeof(odd.payment_intent), "pi_other");
		else
			snprintf(odd.amount.currency, sizeof(odd.amount.currency), "USD");
		add(&list, &refund, odd);
		cr_assert_eq(list.live_minor, 0);
		cr_assert_eq(refund_plan(&refund, &list), REFUND_STEP_RECORD);
		cr_assert_eq(next(REFUND_SENDING, &list, REFUND_ANSWER_NOT_SENT, false).state,
			     REFUND_NEEDS_ATTENTION);
	}
}

Test(refund, list_keeps_the_newest_and_the_status_furthest_from_done)
{
	struct refund refund = sample_refund(REFUND_SENDING);
	struct refund_list list = whole_list();
	struct stripe_refund a = ours(STRIPE_REFUND_SUCCEEDED, 1, 10),
			     b = by_hand(STRIPE_REFUND_REQUIRES_ACTION, 20);
	struct stripe_refund c = ours(STRIPE_REFUND_SUCCEEDED, 3, 30);

	a.created_at.us = 5;
	b.created_at.us = 9;
	c.created_at.us = 4;
	add(&list, &refund, a);
	add(&list, &refund, b);
	add(&list, &refund, c);
	cr_assert_eq(list.live_minor, 60);
	cr_assert_eq(list.live_status, STRIPE_REFUND_REQUIRES_ACTION);
	cr_assert_str_eq(list.newest_live.id, b.id);
	cr_assert_eq(list.ours.generation, 1);
	c.amount.minor = INT64_MAX;
	add(&list, &refund, c);
	cr_assert_eq(list.live_minor, INT64_MAX);
}

/* What each answer alone means for a row whose whole list showed nothing. */
static void check_answer(enum refund_state state, enum refund_answer answer, struct refund_change want)
{
	struct refund_list list = whole_list();
	struct refund_change got = next(state, &list, answer, false);

	cr_assert_eq(got.state, want.state, "state %d answer %d: %d", state, answer, got.state);
	cr_assert_eq(got.generation, 1);
	cr_assert_eq(got.retry, want.retry);
	cr_assert_eq(got.list_next, want.retry);
	cr_assert_eq(got.counts_as_failure, want.counts_as_failure, "answer %d", answer);
	cr_assert_eq(got.alarm, want.alarm);
	cr_assert_eq(got.breaker, want.breaker);
	cr_assert_str_eq(got.reason, want.reason);
}

Test(refund, every_answer_when_nothing_is_there_yet)
{
	static const struct refund_change want[ANSWERS] = {
		[REFUND_ANSWER_REFUND] = {.retry = true, .counts_as_failure = true}, /* without its object */
		[REFUND_ANSWER_ALREADY] = {.retry = true},
		[REFUND_ANSWER_DISPUTED] = {REFUND_NEEDS_ATTENTION, .alarm = true,
					    .reason = "charge_disputed"},
		[REFUND_ANSWER_REFUSED] = {REFUND_NEEDS_ATTENTION, .alarm = true, .reason = "refused"},
		[REFUND_ANSWER_KEY_CONFLICT] = {REFUND_NEEDS_ATTENTION, .alarm = true,
						.reason = "idempotency_error"},
		[REFUND_ANSWER_TWIN] = {.retry = true, .counts_as_failure = true},
		[REFUND_ANSWER_BUSY] = {.retry = true},
		[REFUND_ANSWER_CREDENTIALS] = {.retry = true, .alarm = true, .breaker = true},
		[REFUND_ANSWER_REPLAYED_ERROR] = {.retry = true, .counts_as_failure = true},
		[REFUND_ANSWER_UNKNOWN] = {.retry = true, .counts_as_failure = true},
		[REFUND_ANSWER_NOT_SENT] = {.retry = true},
	};

	for (int answer = 0; answer < ANSWERS; answer++) {
		check_answer(REFUND_SENDING, (enum refund_answer)answer, want[answer]);
		check_answer(REFUND_REQUESTED, (enum refund_answer)answer, want[answer]);
	}
}

Test(refund, an_answer_that_is_none_changes_nothing)
{
	struct refund_list list = whole_list();

	cr_assert_eq(next(REFUND_SENDING, &list, (enum refund_answer)ANSWERS, false).state, REFUND_SENDING);
}

Test(refund, generation_rises_only_on_a_replayed_error_and_a_whole_list_after_it)
{
	for (int answer = 0; answer < ANSWERS; answer++) {
		for (unsigned bits = 0; bits < 16; bits++) {
			struct refund_list list = {
				.listed = bits & 1, .whole = bits & 2, .after_answer = bits & 4};
			bool is_old = bits & 8;
			struct refund_change got =
				next(REFUND_SENDING, &list, (enum refund_answer)answer, is_old);

			cr_assert_eq(got.generation == 2,
				     answer == REFUND_ANSWER_REPLAYED_ERROR && (bits & 7) == 7);
			if (got.generation == 2)
				cr_assert_eq(got.state, REFUND_REQUESTED,
					     "the new key has its try, however old");
		}
	}
}

Test(refund, a_frozen_key_whose_refund_stands_is_adopted_or_failed_not_left)
{
	for (int status = 0; status < 5; status++) {
		struct refund refund = sample_refund(REFUND_SENDING);
		struct refund_list list = whole_list();
		struct refund_change got;

		list.after_answer = true;
		add(&list, &refund, ours((enum stripe_refund_status)status, 1, 4500));
		got = next(REFUND_SENDING, &list, REFUND_ANSWER_REPLAYED_ERROR, false);
		cr_assert_eq(got.generation, 1);
		cr_assert_eq(got.state, (enum refund_state)(REFUND_PENDING + status));
		cr_assert_eq(got.alarm, status >= STRIPE_REFUND_FAILED);
	}
}

Test(refund, told_again_a_refusal_says_only_how_it_was)
{
	for (int answer = 0; answer < ANSWERS; answer++) {
		enum refund_answer now = (enum refund_answer)answer;
		bool is_kept_with_the_key = now == REFUND_ANSWER_UNKNOWN || now == REFUND_ANSWER_ALREADY
					    || now == REFUND_ANSWER_DISPUTED || now == REFUND_ANSWER_REFUSED
					    || now == REFUND_ANSWER_REPLAYED_ERROR;

		cr_assert_eq(refund_answer_replayed(now),
			     is_kept_with_the_key ? REFUND_ANSWER_REPLAYED_ERROR : now);
	}
}

Test(refund, wants_a_list_after_just_two_answers)
{
	for (int answer = 0; answer < ANSWERS; answer++)
		cr_assert_eq(refund_wants_list_after((enum refund_answer)answer),
			     answer == REFUND_ANSWER_REPLAYED_ERROR || answer == REFUND_ANSWER_ALREADY);
}

Test(refund, already_refunded_with_a_later_list_that_disagrees_backs_off)
{
	struct refund_list list = whole_list();

	list.after_answer = true;
	cr_assert(next(REFUND_SENDING, &list, REFUND_ANSWER_ALREADY, false).counts_as_failure);
}

Test(refund, gives_up_only_after_a_whole_list_or_when_nothing_ever_left)
{
	for (int answer = 0; answer < ANSWERS; answer++) {
		for (unsigned bits = 0; bits < 4; bits++) {
			struct refund_list list = {.listed = bits & 1, .whole = bits & 2};
			struct refund_change got =
				next(REFUND_SENDING, &list, (enum refund_answer)answer, true);
			bool final = answer == REFUND_ANSWER_DISPUTED || answer == REFUND_ANSWER_REFUSED
				     || answer == REFUND_ANSWER_KEY_CONFLICT;
			bool want = final || (bits == 3 && answer != REFUND_ANSWER_CREDENTIALS);

			cr_assert_eq(got.state == REFUND_NEEDS_ATTENTION, want, "answer %d list %u", answer,
				     bits);
			cr_assert_eq(got.retry, !want);
			if (want && !final)
				cr_assert_str_eq(got.reason, "gave_up");
		}
	}
}

Test(refund, gives_up_on_a_first_attempt_that_never_left)
{
	struct refund refund = sample_refund(REFUND_SENDING);
	struct refund_list none = {0};
	struct refund_change got;

	refund_next(&refund, &none, REFUND_ANSWER_NOT_SENT, NULL, true, &got);
	cr_assert_eq(got.state, REFUND_NEEDS_ATTENTION);
	cr_assert(got.alarm);
}

Test(refund, without_captured_money_or_payment_a_person_must_look)
{
	struct refund refund = sample_refund(REFUND_SENDING);
	struct refund_list list = whole_list();
	struct refund_change got;

	for (int i = 0; i < 4; i++) {
		refund = sample_refund(REFUND_SENDING);
		refund.captured.minor = i == 0 ? 0 : i == 1 ? -1 : 4500;
		refund.payment_intent = i == 2 ? NULL : i == 3 ? "" : "pi_1";
		cr_assert_eq(refund_plan(&refund, &list), REFUND_STEP_RECORD);
		refund_next(&refund, &list, REFUND_ANSWER_NOT_SENT, NULL, false, &got);
		cr_assert_eq(got.state, REFUND_NEEDS_ATTENTION);
		cr_assert_str_eq(got.reason, "nothing_captured");
		cr_assert(got.alarm);
	}
}
