/* What comes back, beside what went back without us. */
#include <criterion/criterion.h>

#include "refund_promise.h"

/* Around each border: nothing, a part, the whole, more than that, and a number that no row should hold. */
static const int64_t amounts[] = {-1, 0, 1, 1000, 2250, 3500, 4499, 4500, 4501};
#define AMOUNTS (sizeof amounts / sizeof *amounts)

static enum refund_promise_kind expected(int64_t by_hand, int64_t by_bank, bool is_disputed)
{
	if (by_hand < 4500 && by_bank > 0 && by_hand + by_bank >= 4500)
		return REFUND_PROMISE_CHARGED_BACK;
	if (by_hand >= 4500)
		return REFUND_PROMISE_RETURNED;
	if (is_disputed)
		return REFUND_PROMISE_DISPUTED;
	if (by_bank > 0)
		return REFUND_PROMISE_BY_HAND;
	return by_hand > 0 ? REFUND_PROMISE_REST : REFUND_PROMISE_ALL;
}

static void check(int64_t by_hand, int64_t by_bank, bool is_disputed)
{
	const struct refund_beside beside = {by_hand, is_disputed, by_bank};
	struct refund_promise got = refund_promise((struct money){4500, "EUR"}, &beside);

	by_hand = by_hand < 0 ? 0 : by_hand;
	by_bank = by_bank < 0 ? 0 : by_bank;
	cr_assert_eq(got.rest.minor, by_hand + by_bank < 4500 ? 4500 - by_hand - by_bank : 0);
	cr_assert_eq(got.charged_back.minor, by_hand < 4500 ? by_bank : 0, "also more than was left");
	cr_assert_eq(got.returned_before.minor - got.charged_back.minor, by_hand < 4500 ? by_hand : 4500);
	cr_assert_str_eq(got.rest.currency, "EUR");
	cr_assert_str_eq(got.charged_back.currency, "EUR");
	cr_assert_eq(got.kind, expected(by_hand, by_bank, is_disputed), "%d by hand, %d by the bank, %d",
		     (int)by_hand, (int)by_bank, is_disputed);
}

Test(refund_promise, the_rest_is_what_hand_and_bank_have_left_and_each_gave_what_it_gave)
{
	for (size_t hand = 0; hand < AMOUNTS; hand++)
		for (size_t bank = 0; bank < AMOUNTS; bank++)
			for (int disputed = 0; disputed < 2; disputed++)
				check(amounts[hand], amounts[bank], disputed);
}

Test(refund_promise, an_inquiry_and_a_won_dispute_leave_the_money_here)
{
	static const char *const leave[] = {"warning_needs_response", "warning_under_review",
					    "warning_closed", "won"};
	static const char *const take[] = {"needs_response", "under_review", "lost", ""};

	for (size_t i = 0; i < 4; i++) {
		cr_expect_not(dispute_takes_money(leave[i]), "%s", leave[i]);
		cr_expect(dispute_takes_money(take[i]), "%s", take[i]);
	}
}

Test(refund_promise, what_is_told_of_a_dispute_counts_in_whatever_order_it_comes)
{
	/* In ranks: an inquiry, one that was closed, a dispute, its end. */
	static const struct {
		const char *status;
		int rank;
	} words[] = {{"warning_needs_response", 0},
		     {"warning_under_review", 0},
		     {"warning_closed", 1},
		     {"needs_response", 2},
		     {"under_review", 2},
		     {"", 2},
		     {"won", 3},
		     {"lost", 3}};
	size_t count = sizeof words / sizeof *words;

	for (size_t i = 0; i < count * count * 3; i++) {
		size_t known = i % count, told = i / count % count;
		int64_t later_us = (int64_t)(i / count / count) - 1;
		const struct dispute_word before = {words[known].status, {1000}},
					  now = {words[told].status, {1000 + later_us}},
					  nothing = {NULL, INSTANT_NONE};
		bool ends = words[told].rank == 3 && words[known].rank == 3;

		cr_expect(dispute_says_more(&nothing, &now));
		cr_expect_eq(dispute_says_more(&before, &now),
			     words[told].rank > words[known].rank || (ends && told != known && later_us >= 0),
			     "%s after %s", now.status, before.status);
	}
}
