#include <criterion/criterion.h>

#include "reconcile.h"
#include "str.h"

static struct stripe_payment sample_payment(void)
{
	return (struct stripe_payment){.id = "pi_1",
				       .is_captured = true,
				       .received = {4500, "EUR"},
				       .booking_id = 7,
				       .instance_id = "0b1c"};
}

Test(reconcile, a_payment_differs_by_the_first_thing_that_differs)
{
	for (int bits = 0; bits < 1 << 7; bits++) {
		bool there = bits & 1, here = bits & 2, marked = bits & 4, captured = bits & 8;
		bool same_currency = bits & 16, same_amount = bits & 32, same_booking = bits & 64;
		struct stripe_payment theirs = sample_payment();
		struct reconcile_payment ours = {.booking_id = same_booking ? 7 : 8,
						 .amount = {same_amount ? 4500 : 4499, "EUR"}};
		enum reconcile_finding expect = RECONCILE_SAME;

		theirs.is_captured = captured;
		if (!same_currency)
			(void)str_copy(ours.amount.currency, sizeof ours.amount.currency, "USD");
		if (there != here)
			expect = here       ? RECONCILE_NOT_AT_STRIPE
				 : !marked  ? RECONCILE_FOREIGN
				 : captured ? RECONCILE_NOT_HERE
					    : RECONCILE_SAME;
		else if (there)
			expect = !captured                 ? RECONCILE_STATUS
				 : !same_currency          ? RECONCILE_CURRENCY
				 : !same_amount            ? RECONCILE_AMOUNT
				 : marked && !same_booking ? RECONCILE_OTHER_OWNER
							   : RECONCILE_SAME;
		cr_expect_eq(reconcile_payment(there ? &theirs : NULL, marked, here ? &ours : NULL), expect,
			     "%x", (unsigned)bits);
	}
}

Test(reconcile, a_refund_differs_by_the_first_thing_that_differs)
{
	for (int bits = 0; bits < 1 << 6; bits++)
		for (int status = STRIPE_REFUND_PENDING; status <= STRIPE_REFUND_CANCELED; status++) {
			bool there = bits & 1, here = bits & 2, of_ours = bits & 4;
			bool same_payment = bits & 8, same_currency = bits & 16, same_amount = bits & 32;
			struct stripe_refund theirs = {.id = "re_1",
						       .payment_intent = "pi_1",
						       .amount = {4500, "EUR"},
						       .status = STRIPE_REFUND_SUCCEEDED};
			struct reconcile_refund ours = {.payment_intent = same_payment ? "pi_1" : "pi_2",
							.amount = {same_amount ? 4500 : 1, "EUR"},
							.status = (enum stripe_refund_status)status};
			enum reconcile_finding expect = RECONCILE_SAME;

			if (!same_currency)
				(void)str_copy(ours.amount.currency, sizeof ours.amount.currency, "USD");
			if (there != here)
				expect = here      ? RECONCILE_NOT_AT_STRIPE
					 : of_ours ? RECONCILE_NOT_HERE
						   : RECONCILE_FOREIGN;
			else if (there)
				expect = !same_payment                       ? RECONCILE_OTHER_OWNER
					 : !same_currency                    ? RECONCILE_CURRENCY
					 : !same_amount                      ? RECONCILE_AMOUNT
					 : status != STRIPE_REFUND_SUCCEEDED ? RECONCILE_STATUS
									     : RECONCILE_SAME;
			cr_expect_eq(reconcile_refund(there ? &theirs : NULL, of_ours, here ? &ours : NULL),
				     expect, "%x, status %d", (unsigned)bits, status);
		}
}

Test(reconcile, a_refund_of_a_payment_that_is_known_by_its_charge_is_of_it)
{
	const struct stripe_refund theirs = {.payment_intent = "pi_1", .amount = {1, "EUR"}};
	const struct reconcile_refund ours = {.payment_intent = "ch_1", .amount = {1, "EUR"}};

	cr_assert_eq(reconcile_refund(&theirs, false, &ours), RECONCILE_SAME);
}

Test(reconcile, a_request_that_says_given_back_needs_the_whole_sum_at_stripe)
{
	static const struct {
		enum refund_state state;
		enum reconcile_finding when_less, when_whole;
	} cases[] = {
		{REFUND_REQUESTED, RECONCILE_SAME, RECONCILE_SAME},
		{REFUND_SENDING, RECONCILE_SAME, RECONCILE_SAME},
		{REFUND_PENDING, RECONCILE_NOT_AT_STRIPE, RECONCILE_SAME},
		{REFUND_REQUIRES_ACTION, RECONCILE_NOT_AT_STRIPE, RECONCILE_SAME},
		{REFUND_SUCCEEDED, RECONCILE_NOT_AT_STRIPE, RECONCILE_SAME},
		{REFUND_FAILED, RECONCILE_SAME, RECONCILE_STATUS},
		{REFUND_CANCELED, RECONCILE_SAME, RECONCILE_STATUS},
		{REFUND_NEEDS_ATTENTION, RECONCILE_SAME, RECONCILE_STATUS},
	};

	cr_assert_eq(sizeof cases / sizeof *cases, REFUND_NEEDS_ATTENTION + 1);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_expect_eq(reconcile_request(cases[i].state, 4500, 0), cases[i].when_less);
		cr_expect_eq(reconcile_request(cases[i].state, 4500, 4499), cases[i].when_less);
		cr_expect_eq(reconcile_request(cases[i].state, 4500, 4500), cases[i].when_whole);
		cr_expect_eq(reconcile_request(cases[i].state, 4500, 4501), cases[i].when_whole);
	}
}

Test(reconcile, each_finding_has_a_name_and_only_two_are_no_difference)
{
	int differences = 0;

	for (int finding = RECONCILE_SAME; finding <= RECONCILE_TWICE; finding++) {
		cr_expect_not_null(reconcile_finding_name((enum reconcile_finding)finding));
		differences += reconcile_is_difference((enum reconcile_finding)finding);
	}
	cr_assert_eq(differences, RECONCILE_TWICE + 1 - 2);
	cr_assert_null(reconcile_finding_name((enum reconcile_finding)(RECONCILE_TWICE + 1)));
}
