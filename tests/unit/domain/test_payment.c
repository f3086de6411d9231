/* Every booking, amount, time and slot against rule 5, written down a second time as a table. */
#include <criterion/criterion.h>

#include "payment.h"
#include "sample.h"

static struct booking booking_in(enum booking_status status, enum cancel_cause cause)
{
	struct booking booking = sample_booking();

	booking.status = status;
	booking.cancel_cause = cause;
	booking.payment_intent = NULL;
	return booking;
}

static const struct payment right = {.payment_intent = "pi_2", .amount = {4500, "EUR"}};

static struct payment_decision decide(const struct booking *booking, struct money amount, int64_t us_before,
				      bool slot_is_free)
{
	struct payment payment = right;
	struct payment_decision decision;

	payment.amount = amount;
	payment_decide(booking, &payment, before_start(us_before), slot_is_free, &decision);
	return decision;
}

static void expect(struct payment_decision got, enum payment_outcome outcome, enum cancel_cause cause,
		   const char *refund_cause, const char *where)
{
	cr_assert_eq(got.outcome, outcome, "%s: outcome %d", where, (int)got.outcome);
	cr_assert_eq(got.cause, cause, "%s: cause %d", where, (int)got.cause);
	if (refund_cause)
		cr_assert_str_eq(got.refund_cause, refund_cause, "%s", where);
	else
		cr_assert_null(got.refund_cause, "%s", where);
}

/* Rule 5, first match, said once more. */
static void expect_rule(struct payment_decision got, const struct booking *booking, bool is_price,
			bool is_ahead, bool slot_is_free)
{
	bool is_pending = booking->status == BOOKING_PENDING;
	bool is_expired =
		booking->status == BOOKING_CANCELLED && booking->cancel_cause == CAUSE_CHECKOUT_EXPIRED;

	if (!is_price)
		expect(got, is_pending ? PAYMENT_RETURN_AND_CANCEL : PAYMENT_RETURN,
		       is_pending ? CAUSE_AMOUNT_MISMATCH : CAUSE_NONE, "amount_mismatch", "wrong amount");
	else if (is_pending && is_ahead)
		expect(got, PAYMENT_CONFIRM, CAUSE_NONE, NULL, "pending, ahead");
	else if (is_pending)
		expect(got, PAYMENT_RETURN_AND_CANCEL, CAUSE_TOO_LATE_TO_PAY, "too_late_to_pay",
		       "pending, started");
	else if (booking->status != BOOKING_CANCELLED)
		expect(got, PAYMENT_RETURN, CAUSE_NONE, "second_payment", "confirmed or completed");
	else if (is_expired && is_ahead && slot_is_free)
		expect(got, PAYMENT_REVIVE, CAUSE_NONE, NULL, "expired, ahead, free");
	else
		expect(got, PAYMENT_RETURN, CAUSE_NONE, "late_payment", "cancelled");
}

Test(payment, decides_by_rule_5_in_every_case)
{
	static const struct money amounts[] = {{4500, "EUR"}, {4499, "EUR"}, {4501, "EUR"},
					       {4500, "USD"}, {0, "EUR"},    {-4500, "EUR"}};
	static const int64_t before[] = {INT64_C(1), US_PER_HOUR, 400 * 24 * US_PER_HOUR,
					 0,          -1,          -US_PER_HOUR};
	int cases = 0;

	for (int status = BOOKING_PENDING; status <= BOOKING_CANCELLED; status++)
		for (int cause = CAUSE_NONE; cause <= CAUSE_TOO_LATE_TO_PAY; cause++)
			for (size_t a = 0; a < sizeof amounts / sizeof *amounts; a++)
				for (size_t t = 0; t < sizeof before / sizeof *before; t++)
					for (int slot_is_free = 0; slot_is_free < 2; slot_is_free++) {
						struct booking booking =
							booking_in((enum booking_status)status,
								   (enum cancel_cause)cause);

						if ((status == BOOKING_CANCELLED) != (cause != CAUSE_NONE))
							continue;
						expect_rule(
							decide(&booking, amounts[a], before[t], slot_is_free),
							&booking, a == 0, before[t] > 0, slot_is_free);
						cases++;
					}
	cr_assert_eq(cases, (3 + 8) * 6 * 6 * 2);
}

Test(payment, a_booking_that_starts_exactly_now_has_started)
{
	struct booking booking = booking_in(BOOKING_PENDING, CAUSE_NONE);

	cr_assert_eq(decide(&booking, right.amount, 0, true).outcome, PAYMENT_RETURN_AND_CANCEL);
	cr_assert_eq(decide(&booking, right.amount, 1, true).outcome, PAYMENT_CONFIRM);
}

Test(payment, whoever_was_told_cancelled_stays_cancelled)
{
	static const enum cancel_cause told[] = {
		CAUSE_PARENT,          CAUSE_TEACHER,         CAUSE_ADMIN,          CAUSE_PAYMENT_CANCELLED,
		CAUSE_CHECKOUT_FAILED, CAUSE_AMOUNT_MISMATCH, CAUSE_TOO_LATE_TO_PAY};

	for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
		struct booking booking = booking_in(BOOKING_CANCELLED, told[i]);

		cr_assert_eq(decide(&booking, right.amount, US_PER_HOUR, true).outcome, PAYMENT_RETURN);
	}
}

Test(payment, every_kept_one_is_a_move_that_rule_3_allows)
{
	cr_assert(payment_is_kept(PAYMENT_CONFIRM) && booking_may_become(BOOKING_PENDING, BOOKING_CONFIRMED));
	cr_assert(payment_is_kept(PAYMENT_REVIVE)
		  && booking_may_become(BOOKING_CANCELLED, BOOKING_CONFIRMED));
	cr_assert_not(payment_is_kept(PAYMENT_RETURN));
	cr_assert_not(payment_is_kept(PAYMENT_RETURN_AND_CANCEL));
}

Test(payment, nothing_to_pay_confirms_a_pending_booking_that_is_ahead_and_nothing_else)
{
	for (int status = BOOKING_PENDING; status <= BOOKING_CANCELLED; status++)
		for (int64_t us = -1; us <= 1; us++) {
			struct booking booking = booking_in((enum booking_status)status, CAUSE_NONE);
			struct payment_decision got;

			payment_decide_free(&booking, before_start(us), &got);
			if (status != BOOKING_PENDING)
				expect(got, PAYMENT_RETURN, CAUSE_NONE, NULL, "not pending");
			else if (us > 0)
				expect(got, PAYMENT_CONFIRM, CAUSE_NONE, NULL, "ahead");
			else
				expect(got, PAYMENT_RETURN_AND_CANCEL, CAUSE_TOO_LATE_TO_PAY, NULL,
				       "started");
		}
}
