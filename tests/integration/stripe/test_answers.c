/* Every way in which Stripe can answer a refund (faults F20 to F25): which row of the table it is, and of
 * what kind. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "sim.h"
#include "stripe_object.h"

static struct stripe *stripe;

static void setup(void)
{
	stripe = sim_client();
}

static void teardown(void)
{
	stripe_close(stripe);
}

TestSuite(stripe_answers, .init = setup, .fini = teardown, .timeout = 30);

static struct stripe_answer create(const struct refund *refund, enum refund_answer wanted,
				   enum err_kind wanted_kind)
{
	struct stripe_answer answer;
	struct err err = {0};
	enum err_kind kind = stripe_create_refund(stripe, refund, NULL, &answer, &err);

	cr_assert_eq(answer.refund_answer, wanted, "answer %d, HTTP %d %s, %s: %s", (int)answer.refund_answer,
		     answer.http_status, answer.code, err.code, err.msg);
	cr_assert_eq(kind, wanted_kind, "kind %d, %s: %s", (int)kind, err.code, err.msg);
	return answer;
}

/* The first attempt meets the fault; the second, with the same key, meets what became of it. */
static void fault_then_again(const char *kind, const char *rest, enum refund_answer first,
			     enum refund_answer again)
{
	struct refund refund = sim_refund(4500);

	sim_fault(&refund, "POST", kind, rest);
	create(&refund, first, refund_answer_kind(first));
	create(&refund, again, refund_answer_kind(again));
}

Test(stripe_answers, a_429_with_retry_after_is_busy_and_says_how_long)
{
	struct refund refund = sim_refund(4500);
	struct stripe_answer answer;

	sim_fault(&refund, "POST", "rate_limit", "\"retry_after\":7");
	answer = create(&refund, REFUND_ANSWER_BUSY, ERR_RETRY);
	cr_assert_eq(answer.http_status, 429);
	cr_assert_eq(answer.retry_after_ms, 7000);
	cr_assert_str_eq(answer.code, "rate_limit");
}

Test(stripe_answers, a_429_without_retry_after_is_busy)
{
	struct refund refund = sim_refund(4500);
	struct stripe_answer answer;

	sim_fault(&refund, "POST", "rate_limit", "\"code\":\"lock_timeout\"");
	answer = create(&refund, REFUND_ANSWER_BUSY, ERR_RETRY);
	cr_assert_eq(answer.retry_after_ms, 0);
	cr_assert_str_eq(answer.code, "lock_timeout");
}

Test(stripe_answers, a_key_in_use_is_our_twin)
{
	fault_then_again("key_in_use", "", REFUND_ANSWER_TWIN, REFUND_ANSWER_REFUND);
}

Test(stripe_answers, a_500_after_the_refund_was_made_is_unknown_and_its_key_frozen)
{
	fault_then_again("error", "\"status\":500,\"effect\":true", REFUND_ANSWER_UNKNOWN,
			 REFUND_ANSWER_REPLAYED_ERROR);
}

Test(stripe_answers, a_500_before_anything_was_made_is_unknown_and_its_key_frozen)
{
	fault_then_again("error", "\"status\":500", REFUND_ANSWER_UNKNOWN, REFUND_ANSWER_REPLAYED_ERROR);
}

Test(stripe_answers, a_502_or_504_after_the_refund_was_made_is_unknown_then_the_refund)
{
	fault_then_again("error", "\"status\":502,\"effect\":true", REFUND_ANSWER_UNKNOWN,
			 REFUND_ANSWER_REFUND);
	fault_then_again("error", "\"status\":504,\"effect\":true", REFUND_ANSWER_UNKNOWN,
			 REFUND_ANSWER_REFUND);
}

Test(stripe_answers, a_503_with_stripes_hint_not_to_retry_is_still_unknown)
{
	struct refund refund = sim_refund(4500);
	struct stripe_answer answer;

	sim_fault(&refund, "POST", "error", "\"status\":503,\"should_retry\":false,\"retry_after\":3");
	answer = create(&refund, REFUND_ANSWER_UNKNOWN, ERR_UNSURE);
	cr_assert_eq(answer.should_retry, 0);
	cr_assert_eq(answer.retry_after_ms, 3000);
}

Test(stripe_answers, a_cut_line_is_unknown)
{
	fault_then_again("cut", "\"effect\":true", REFUND_ANSWER_UNKNOWN, REFUND_ANSWER_REFUND);
	fault_then_again("cut", "\"effect\":false", REFUND_ANSWER_UNKNOWN, REFUND_ANSWER_REFUND);
}

Test(stripe_answers, a_cut_line_that_was_kept_alive_is_not_repeated_behind_our_back)
{
	struct refund first = sim_refund(4500);

	create(&first, REFUND_ANSWER_REFUND, ERR_OK);
	fault_then_again("cut", "\"effect\":true", REFUND_ANSWER_UNKNOWN, REFUND_ANSWER_REFUND);
	fault_then_again("cut", "\"effect\":false", REFUND_ANSWER_UNKNOWN, REFUND_ANSWER_REFUND);
}

Test(stripe_answers, silence_is_unknown_when_the_time_is_up)
{
	fault_then_again("hang", "\"effect\":true,\"seconds\":6", REFUND_ANSWER_UNKNOWN,
			 REFUND_ANSWER_REFUND);
}

Test(stripe_answers, half_a_body_is_unknown)
{
	fault_then_again("half_body", "", REFUND_ANSWER_UNKNOWN, REFUND_ANSWER_REFUND);
}

Test(stripe_answers, a_proxys_page_is_unknown_whatever_its_status)
{
	fault_then_again("html", "\"effect\":true", REFUND_ANSWER_UNKNOWN, REFUND_ANSWER_REFUND);
	fault_then_again("html", "\"effect\":true,\"status\":200", REFUND_ANSWER_UNKNOWN,
			 REFUND_ANSWER_REFUND);
	fault_then_again("html", "\"effect\":false,\"status\":404", REFUND_ANSWER_UNKNOWN,
			 REFUND_ANSWER_REFUND);
}

Test(stripe_answers, a_200_with_the_wrong_json_is_unknown)
{
	fault_then_again("wrong_json", "", REFUND_ANSWER_UNKNOWN, REFUND_ANSWER_REFUND);
	fault_then_again("wrong_json", "\"body\":{\"id\":\"re_1\",\"object\":\"refund\"}",
			 REFUND_ANSWER_UNKNOWN, REFUND_ANSWER_REFUND);
}

Test(stripe_answers, a_200_with_a_refund_of_another_payment_is_unknown)
{
	fault_then_again(
		"wrong_json",
		"\"body\":{\"id\":\"re_1\",\"object\":\"refund\",\"amount\":4500,\"currency\":\"eur\",\"created\":1,"
		"\"status\":\"succeeded\",\"payment_intent\":\"pi_somebodyElses\"}",
		REFUND_ANSWER_UNKNOWN, REFUND_ANSWER_REFUND);
}

Test(stripe_answers, a_redirect_is_not_followed)
{
	struct refund refund = sim_refund(4500);
	struct stripe_answer answer;

	sim_fault(&refund, "POST", "redirect", "\"location\":\"/v1/refunds\"");
	answer = create(&refund, REFUND_ANSWER_UNKNOWN, ERR_UNSURE);
	cr_assert_eq(answer.http_status, 302);
}

Test(stripe_answers, a_charge_that_was_refunded_by_hand_is_already_refunded)
{
	struct refund refund = sim_refund(4500);
	char path[128];

	snprintf(path, sizeof(path), "payment_intents/%s/refund", refund.payment_intent);
	sim_post(path, "{}");
	create(&refund, REFUND_ANSWER_ALREADY, ERR_REJECT);
}

Test(stripe_answers, a_disputed_charge_is_not_refunded)
{
	struct refund refund = sim_refund(4500);
	char path[128];

	snprintf(path, sizeof(path), "payment_intents/%s/dispute", refund.payment_intent);
	sim_post(path, "{}");
	create(&refund, REFUND_ANSWER_DISPUTED, ERR_REJECT);
}

Test(stripe_answers, a_charge_that_the_api_cannot_refund_is_refused)
{
	struct refund refund = sim_refund(4500);
	char path[128];

	snprintf(path, sizeof(path), "payment_intents/%s/not_refundable", refund.payment_intent);
	sim_post(path, "{}");
	create(&refund, REFUND_ANSWER_REFUSED, ERR_REJECT);
}

Test(stripe_answers, an_unknown_payment_is_refused)
{
	struct refund refund = sim_refund(4500);
	struct stripe_answer answer;

	refund.payment_intent = "pi_nobodyKnows";
	answer = create(&refund, REFUND_ANSWER_REFUSED, ERR_REJECT);
	cr_assert_str_eq(answer.code, "resource_missing");
}

Test(stripe_answers, what_is_neither_a_payment_intent_nor_a_charge_never_leaves)
{
	static const char *const bad[] = {"", "re_1", "pi_1\r\nHost: x", "cus_1"};
	struct refund refund = sim_refund(4500);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		refund.payment_intent = bad[i];
		cr_assert_eq(create(&refund, REFUND_ANSWER_REFUSED, ERR_REJECT).http_status, 0);
	}
}

Test(stripe_answers, the_same_key_with_other_parameters_is_our_bug)
{
	struct refund refund = sim_refund(4500);

	create(&refund, REFUND_ANSWER_REFUND, ERR_OK);
	refund.booking_id = 8;
	create(&refund, REFUND_ANSWER_KEY_CONFLICT, ERR_REJECT);
}

Test(stripe_answers, a_wrong_key_is_about_credentials)
{
	struct refund refund = sim_refund(4500);

	stripe_close(stripe);
	stripe = sim_client_at(sim_url(), "sk_test_somebodyElses");
	cr_assert_eq(create(&refund, REFUND_ANSWER_CREDENTIALS, ERR_RETRY).http_status, 401);
}
