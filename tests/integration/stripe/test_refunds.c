/* What comes back when Stripe does as it is asked. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "sim.h"
#include "str.h"

static struct stripe *stripe;

static void setup(void)
{
	stripe = sim_client();
}

static void teardown(void)
{
	stripe_close(stripe);
}

TestSuite(stripe_refunds, .init = setup, .fini = teardown, .timeout = 60);

#define ASSERT_OK(call, err) cr_assert_eq((call), ERR_OK, "%s: %s", (err).code, (err).msg)

static void by_hand(const struct refund *refund, int64_t amount_minor)
{
	char path[128];

	snprintf(path, sizeof(path), "payment_intents/%s/refund", refund->payment_intent);
	sim_post(path, "{\"amount\":%lld}", (long long)amount_minor);
}

Test(stripe_refunds, a_refund_carries_our_marks_and_the_request_id)
{
	struct refund refund = sim_refund(4500);
	struct stripe_answer answer;
	struct err err = {0};

	ASSERT_OK(stripe_create_refund(stripe, &refund,
				       "00-00000000000000000000000000000001-0000000000000001-01", &answer,
				       &err),
		  err);
	cr_assert_eq(answer.refund.amount.minor, 4500);
	cr_assert_str_eq(answer.refund.amount.currency, "EUR");
	cr_assert_eq(answer.refund.status, STRIPE_REFUND_SUCCEEDED);
	cr_assert_str_eq(answer.refund.refund_id, refund.id);
	cr_assert_eq(answer.refund.generation, 1);
	cr_assert_str_eq(answer.refund.payment_intent, refund.payment_intent);
	cr_assert(str_starts(answer.refund.request_id, "req_"));
	cr_assert_eq(answer.replayed, false);
	cr_assert_eq(answer.seen_count, 1);
}

Test(stripe_refunds, the_same_key_again_is_replayed_and_tells_what_was_true_then)
{
	struct refund refund = sim_refund(4500);
	struct stripe_answer first, again, now;
	struct err err = {0};
	char path[128];

	ASSERT_OK(stripe_create_refund(stripe, &refund, NULL, &first, &err), err);
	snprintf(path, sizeof(path), "refunds/%s/move", first.refund.id);
	sim_post(path, "{\"status\":\"failed\",\"failure_reason\":\"declined\"}");
	ASSERT_OK(stripe_create_refund(stripe, &refund, NULL, &again, &err), err);
	cr_assert(again.replayed);
	cr_assert_str_eq(again.refund.id, first.refund.id);
	cr_assert_eq(again.refund.status, STRIPE_REFUND_SUCCEEDED);
	ASSERT_OK(stripe_get_refund(stripe, &refund, first.refund.id, &now, &err), err);
	cr_assert_eq(now.refund.status, STRIPE_REFUND_FAILED);
	cr_assert_str_eq(now.refund.failure_reason, "declined");
}

Test(stripe_refunds, another_generation_is_another_key)
{
	struct refund refund = sim_refund(4500);
	struct stripe_answer answer;

	cr_assert_eq(stripe_create_refund(stripe, &refund, NULL, &answer, NULL), ERR_OK);
	refund.generation = 2;
	cr_assert_eq(stripe_create_refund(stripe, &refund, NULL, &answer, NULL), ERR_REJECT);
	cr_assert_eq(answer.refund_answer, REFUND_ANSWER_ALREADY);
	cr_assert_eq(answer.replayed, false);
}

Test(stripe_refunds, a_payment_can_be_named_by_its_charge)
{
	struct refund refund = sim_refund(4500);
	struct stripe_answer answer;
	struct refund_list list;
	struct err err = {0};
	char charge[64] = "";
	const char *state;

	state = strstr(sim_post("payment_intents", "{\"amount\":300,\"currency\":\"eur\"}"),
		       "\"latest_charge\": \"");
	cr_assert(state && sscanf(state, "\"latest_charge\": \"%63[^\"]\"", charge) == 1);
	refund.payment_intent = charge;
	refund.captured.minor = 300;
	ASSERT_OK(stripe_create_refund(stripe, &refund, NULL, &answer, &err), err);
	cr_assert_str_eq(answer.refund.payment_intent, charge);
	ASSERT_OK(stripe_list_refunds(stripe, &refund, &list, &answer, &err), err);
	cr_assert_eq(list.live_minor, 300);
}

Test(stripe_refunds, a_payment_without_refunds_lists_as_whole_and_empty)
{
	struct refund refund = sim_refund(4500);
	struct stripe_answer answer;
	struct refund_list list;
	struct err err = {0};

	ASSERT_OK(stripe_list_refunds(stripe, &refund, &list, &answer, &err), err);
	cr_assert(list.listed && list.whole);
	cr_assert_eq(list.live_minor, 0);
	cr_assert_str_empty(list.newest_live.id);
}

Test(stripe_refunds, what_was_refunded_by_hand_leaves_the_rest)
{
	struct refund refund = sim_refund(4500);
	struct stripe_answer answer;
	struct refund_list list;
	struct err err = {0};

	by_hand(&refund, 1500);
	ASSERT_OK(stripe_create_refund(stripe, &refund, NULL, &answer, &err), err);
	cr_assert_eq(answer.refund.amount.minor, 3000);
	ASSERT_OK(stripe_list_refunds(stripe, &refund, &list, &answer, &err), err);
	cr_assert_eq(list.live_minor, 4500);
	cr_assert_str_eq(list.ours.refund_id, refund.id);
	cr_assert_eq(answer.seen_count, 2);
}

Test(stripe_refunds, a_list_of_several_pages_adds_up)
{
	struct refund refund = sim_refund(130);
	struct stripe_answer answer;
	struct refund_list list;
	struct err err = {0};

	for (int i = 0; i < 120; i++)
		by_hand(&refund, 1);
	ASSERT_OK(stripe_list_refunds(stripe, &refund, &list, &answer, &err), err);
	cr_assert(list.whole);
	cr_assert_eq(list.live_minor, 120);
}

Test(stripe_refunds, a_page_that_fails_gives_no_list)
{
	struct refund refund = sim_refund(130);
	struct stripe_answer answer;
	struct refund_list list;

	for (int i = 0; i < 101; i++)
		by_hand(&refund, 1);
	sim_fault(NULL, "GET", "half_body", "\"skip\":1");
	cr_assert_eq(stripe_list_refunds(stripe, &refund, &list, &answer, NULL), ERR_UNSURE);
	cr_assert_eq(answer.refund_answer, REFUND_ANSWER_UNKNOWN);
}

Test(stripe_refunds, an_id_that_would_leave_its_path_is_not_asked_for)
{
	struct refund refund = sim_refund(130);
	struct stripe_answer answer;

	cr_assert_eq(stripe_get_refund(stripe, &refund, "../charges", &answer, NULL), ERR_REJECT);
	cr_assert_eq(stripe_get_refund(stripe, &refund, "", &answer, NULL), ERR_REJECT);
	cr_assert_eq(answer.http_status, 0);
}

#define THREADS 8
#define ROUNDS  20

static void *refund_many(void *context)
{
	const struct refund *refund = context;
	struct stripe_answer answer;
	long made = 0;

	for (int i = 0; i < ROUNDS; i++)
		made += stripe_create_refund(stripe, refund, NULL, &answer, NULL) == ERR_OK;
	return (void *)made;
}

Test(stripe_refunds, many_threads_share_one_client)
{
	struct refund refunds[THREADS];
	char payments[THREADS][64];
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		refunds[i] = sim_refund(10);
		snprintf(payments[i], sizeof(payments[i]), "%s", refunds[i].payment_intent);
		refunds[i].payment_intent = payments[i];
	}
	for (int i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, refund_many, &refunds[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		void *made;

		pthread_join(threads[i], &made);
		cr_assert_eq((long)made, ROUNDS);
	}
}
