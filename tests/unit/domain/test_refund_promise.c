/* What comes back, beside what went back without us. */
#include <criterion/criterion.h>

#include "refund_promise.h"

static struct refund_promise promise(int64_t by_hand_minor, bool is_disputed)
{
	const struct refund_beside beside = {by_hand_minor, is_disputed};

	return refund_promise((struct money){4500, "EUR"}, &beside);
}

Test(refund_promise, rest_and_what_was_returned_before_add_up_to_the_charge)
{
	for (int64_t by_hand = -1; by_hand <= 4501; by_hand++) {
		for (int disputed = 0; disputed < 2; disputed++) {
			struct refund_promise got = promise(by_hand, disputed);

			cr_assert_eq(got.rest.minor + got.returned_before.minor, 4500);
			cr_assert(got.rest.minor >= 0 && got.returned_before.minor >= 0);
			cr_assert_str_eq(got.rest.currency, "EUR");
			cr_assert_str_eq(got.returned_before.currency, "EUR");
			if (by_hand >= 4500)
				cr_assert_eq(got.kind, REFUND_PROMISE_RETURNED, "a dispute finds nothing");
			else if (disputed)
				cr_assert_eq(got.kind, REFUND_PROMISE_DISPUTED);
			else
				cr_assert_eq(got.kind,
					     by_hand > 0 ? REFUND_PROMISE_REST : REFUND_PROMISE_ALL);
		}
	}
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
