#include <criterion/criterion.h>
#include <string.h>

#include "checkout.h"
#include "sample.h"
#include "str.h"

static enum checkout_proof prove(enum checkout_status status, enum checkout_paid paid, bool has_failed)
{
	const struct checkout checkout = {.status = status, .paid = paid, .payment_failed = has_failed};

	return checkout_prove(&checkout);
}

Test(checkout, only_complete_proves_a_payment_and_only_expired_proves_none)
{
	for (int paid = CHECKOUT_UNPAID; paid <= CHECKOUT_NOTHING_TO_PAY; paid++)
		for (int failed = 0; failed < 2; failed++) {
			cr_assert_eq(prove(CHECKOUT_OPEN, (enum checkout_paid)paid, failed),
				     CHECKOUT_PROVES_NOTHING);
			cr_assert_eq(prove(CHECKOUT_EXPIRED, (enum checkout_paid)paid, failed),
				     CHECKOUT_PROVES_UNPAID);
		}
	for (int failed = 0; failed < 2; failed++) {
		cr_assert_eq(prove(CHECKOUT_COMPLETE, CHECKOUT_PAID, failed), CHECKOUT_PROVES_PAID);
		cr_assert_eq(prove(CHECKOUT_COMPLETE, CHECKOUT_NOTHING_TO_PAY, failed), CHECKOUT_PROVES_FREE);
	}
	cr_assert_eq(prove(CHECKOUT_COMPLETE, CHECKOUT_UNPAID, false), CHECKOUT_PROVES_WAIT);
	cr_assert_eq(prove(CHECKOUT_COMPLETE, CHECKOUT_UNPAID, true), CHECKOUT_PROVES_FAILED);
}

Test(checkout, numbers_that_are_no_state_prove_nothing)
{
	cr_assert_eq(prove((enum checkout_status)9, CHECKOUT_PAID, false), CHECKOUT_PROVES_NOTHING);
	cr_assert_eq(prove(CHECKOUT_COMPLETE, (enum checkout_paid)9, false), CHECKOUT_PROVES_NOTHING);
	cr_assert_null(checkout_status_name((enum checkout_status)9));
}

Test(checkout, its_payment_is_what_stripe_says)
{
	struct checkout checkout = {.id = "cs_test_1",
				    .payment_intent = "pi_1",
				    .amount = {4500, "EUR"},
				    .captured_at = INSTANT_NONE};
	struct payment payment;

	checkout_payment(&checkout, (struct instant){5}, &payment);
	cr_assert_str_eq(payment.payment_intent, "pi_1");
	cr_assert_str_eq(payment.stripe_session_id, "cs_test_1");
	cr_assert_null(payment.charge_id);
	cr_assert(money_equal(payment.amount, checkout.amount));
	cr_assert_eq(payment.captured_at.us, 5);
	(void)str_copy(checkout.charge_id, sizeof checkout.charge_id, "ch_1");
	checkout.captured_at.us = 7;
	checkout_payment(&checkout, (struct instant){5}, &payment);
	cr_assert_str_eq(payment.charge_id, "ch_1");
	cr_assert_eq(payment.captured_at.us, 7);
}

Test(checkout, a_release_needs_a_pending_booking_and_its_own_checkout)
{
	static const enum release_outcome own[] = {RELEASED, RELEASE_NOT_PENDING, RELEASE_NOT_PENDING,
						   RELEASE_REPEATED};

	for (int status = BOOKING_PENDING; status <= BOOKING_CANCELLED; status++) {
		struct booking booking = sample_booking();

		booking.status = (enum booking_status)status;
		booking.stripe_session_id = "cs_1";
		cr_assert_eq(release_decide(&booking, "cs_1"), own[status]);
		cr_assert_eq(release_decide(&booking, "cs_2"), RELEASE_OTHER_CHECKOUT);
		cr_assert_eq(release_decide(&booking, NULL), RELEASE_OTHER_CHECKOUT);
		booking.stripe_session_id = NULL;
		cr_assert_eq(release_decide(&booking, NULL), own[status]);
		cr_assert_eq(release_decide(&booking, "cs_1"), RELEASE_OTHER_CHECKOUT);
	}
	cr_assert_eq(release_decide(&(struct booking){.status = (enum booking_status)9}, NULL),
		     RELEASE_NOT_PENDING);
}

Test(checkout, only_a_person_takes_the_place_of_an_expiry)
{
	for (int status = BOOKING_PENDING; status <= BOOKING_CANCELLED; status++)
		for (int was = CAUSE_NONE; was <= CAUSE_TOO_LATE_TO_PAY; was++)
			for (int cause = CAUSE_NONE; cause <= CAUSE_TOO_LATE_TO_PAY; cause++) {
				struct booking booking = sample_booking();
				bool is_expired =
					status == BOOKING_CANCELLED && was == CAUSE_CHECKOUT_EXPIRED;

				booking.status = (enum booking_status)status;
				booking.cancel_cause = (enum cancel_cause)was;
				cr_assert_eq(release_takes_over(&booking, (enum cancel_cause)cause),
					     is_expired && cause >= CAUSE_PARENT
						     && cause <= CAUSE_PAYMENT_CANCELLED,
					     "%d %d %d", status, was, cause);
			}
}

Test(checkout, ids_hold_nothing_that_means_something_in_a_path)
{
	char longest[205] = "cs_", too_long[206] = "cs_";

	memset(longest + 3, 'a', 200);
	memset(too_long + 3, 'a', 201);
	cr_assert(checkout_id_is_valid("cs_test_a1B2"));
	cr_assert(checkout_id_is_valid(longest));
	static const char *const bad[] = {"",        "cs_",        "cs",         "pi_1",
					  "CS_test", " cs_test_1", "cs_a/b",     "cs_a?b",
					  "cs_a%2f", "cs_a b",     "cs_a\n",     "cs_\xc3\xa4",
					  "cs_a.b",  "cs_test_1 ", "xcs_test_1", "cs_test-1"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_assert_not(checkout_id_is_valid(bad[i]), "%s", bad[i]);
	cr_assert_not(checkout_id_is_valid(too_long));
	cr_assert_not(checkout_id_is_valid(NULL));
}

Test(checkout, its_key_names_the_database_and_the_booking)
{
	char key[CHECKOUT_KEY_BYTES];

	checkout_key("0b1c2d3e-0000-4000-8000-000000000001", 42, key);
	cr_assert_str_eq(key, "checkout:0b1c2d3e-0000-4000-8000-000000000001:42");
	checkout_key("0b1c2d3e-0000-4000-8000-000000000001", INT64_MAX, key);
	cr_assert_str_eq(key, "checkout:0b1c2d3e-0000-4000-8000-000000000001:9223372036854775807");
}

Test(checkout, words_are_stripes)
{
	enum checkout_status status;
	enum checkout_paid paid;

	for (int i = CHECKOUT_OPEN; i <= CHECKOUT_EXPIRED; i++)
		cr_assert(checkout_status_decode(checkout_status_name((enum checkout_status)i), &status)
			  && (int)status == i);
	cr_assert(checkout_paid_decode("no_payment_required", &paid) && paid == CHECKOUT_NOTHING_TO_PAY);
	cr_assert(checkout_paid_decode("paid", &paid) && paid == CHECKOUT_PAID);
	cr_assert(checkout_paid_decode("unpaid", &paid) && paid == CHECKOUT_UNPAID);
	cr_assert_not(checkout_status_decode("Open", &status));
	cr_assert_not(checkout_status_decode(NULL, &status));
	cr_assert_not(checkout_paid_decode("", &paid));
}
