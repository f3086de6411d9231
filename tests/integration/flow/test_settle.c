#include <criterion/criterion.h>
#include <string.h>

#include "str.h"
#include "till.h"

TestSuite(settle, .init = till_open, .fini = till_close, .timeout = 60);

static int64_t count(const char *fmt, int64_t booking)
{
	char *sql = school_text("%s", fmt);

	return school_int(
		school_text("SELECT count(*) FROM %s AND booking_id = %lld", sql, (long long)booking));
}

Test(settle, a_payment_confirms_and_writes_all_that_follows)
{
	int64_t booking = till_pending("3 days");
	struct payment payment = till_payment(booking, 1);
	struct settled settled = till_settle(booking, &payment);

	cr_assert_eq(settled.outcome, SETTLE_DECIDED);
	cr_assert_eq(settled.decision.outcome, PAYMENT_CONFIRM);
	cr_assert(settled.is_kept);
	cr_assert_eq(settled.booking.status, BOOKING_CONFIRMED);
	EXPECT_SUM(booking, "1 2 1 0 2 1 1");
	cr_assert_eq(count("mails WHERE kind = 'confirmed' AND booking_version = 2", booking), 2);
	cr_assert_eq(count("meetings WHERE state = 'ready' AND provider = 'template' AND url ~"
			   " '^https://meet.example/[0-9a-f]{32}[?]lang=en$'",
			   booking),
		     1);
	cr_assert_eq(school_int(school_text(
			     "SELECT count(*) FROM bookings WHERE id = %lld AND payment_intent = '%s'"
			     " AND paid_at IS NOT NULL AND checkout_closed_at IS NOT NULL"
			     " AND next_try_at IS NULL AND lease_token IS NULL",
			     (long long)booking, payment.payment_intent)),
		     1);
}

Test(settle, the_same_payment_again_writes_nothing)
{
	int64_t booking = till_pending("3 days");
	struct payment payment = till_payment(booking, 1);

	till_settle(booking, &payment);
	for (int i = 0; i < 3; i++) {
		struct settled settled = till_settle(booking, &payment);

		cr_assert_eq(settled.outcome, SETTLE_REPEATED);
		cr_assert(settled.is_kept);
	}
	EXPECT_SUM(booking, "1 2 1 0 2 1 1");
}

Test(settle, a_second_payment_is_given_back_and_the_parent_hears_of_it)
{
	int64_t booking = till_pending("3 days");
	struct payment first = till_payment(booking, 1), second = till_payment(booking, 2);
	struct settled settled;

	till_settle(booking, &first);
	settled = till_settle(booking, &second);
	cr_assert_eq(settled.decision.outcome, PAYMENT_RETURN);
	cr_assert_not(settled.is_kept);
	EXPECT_SUM(booking, "1 2 2 1 3 2 3");
	cr_assert_eq(count("refunds WHERE cause = 'second_payment' AND state = 'requested'", booking), 1);
	cr_assert_eq(
		count("mails m JOIN refunds r USING (booking_id) WHERE kind = 'payment_returned' AND ref = r.id::text"
		      " AND m.next_try_at <= clock_timestamp()",
		      booking),
		1, "nothing rings for it, so it is due at once");
}

Test(settle, another_amount_is_given_back_as_it_was_paid_and_cancels)
{
	int64_t booking = till_pending("3 days");
	struct payment payment = till_payment(booking, 1);

	payment.amount.minor = 4400;
	cr_assert_eq(till_settle(booking, &payment).decision.cause, CAUSE_AMOUNT_MISMATCH);
	EXPECT_SUM(booking, "3 2 1 1 1 2 3");
	cr_assert_eq(count("payments WHERE amount_minor = 4400", booking), 1);
	cr_assert_eq(school_int(school_text(
			     "SELECT count(*) FROM bookings WHERE id = %lld AND payment_intent IS NULL"
			     " AND cancel_cause = 'amount_mismatch'",
			     (long long)booking)),
		     1);
}

Test(settle, a_payment_after_the_start_is_given_back)
{
	int64_t booking = till_pending("-1 minute");
	struct payment payment = till_payment(booking, 1);

	cr_assert_eq(till_settle(booking, &payment).decision.cause, CAUSE_TOO_LATE_TO_PAY);
	EXPECT_SUM(booking, "3 2 1 1 1 2 3");
}

Test(settle, a_late_payment_revives_what_had_expired)
{
	int64_t booking = till_pending("3 days");
	struct payment payment = till_payment(booking, 1);

	till_release(booking, CAUSE_CHECKOUT_EXPIRED, true);
	cr_assert_eq(till_settle(booking, &payment).decision.outcome, PAYMENT_REVIVE);
	EXPECT_SUM(booking, "1 3 1 0 2 2 2");
}

Test(settle, a_late_payment_for_a_slot_that_was_sold_goes_back)
{
	int64_t booking = till_pending("3 days");
	struct payment payment = till_payment(booking, 1);

	till_release(booking, CAUSE_CHECKOUT_EXPIRED, true);
	till_pending("3 days");
	cr_assert_eq(till_settle(booking, &payment).decision.outcome, PAYMENT_RETURN);
	EXPECT_SUM(booking, "3 2 1 1 1 2 3");
}

Test(settle, a_late_payment_while_the_parent_is_busy_then_goes_back)
{
	int64_t booking = till_pending("3 days");
	struct payment payment = till_payment(booking, 1);

	till_release(booking, CAUSE_CHECKOUT_EXPIRED, true);
	SCHOOL_SQL(
		"INSERT INTO bookings (parent_id, student_id, teacher_id, title, starts_at, ends_at, amount_minor,"
		" currency) SELECT parent_id, student_id, %lld, title, starts_at, ends_at, 1, 'EUR' FROM bookings"
		" WHERE id = %lld",
		(long long)school.stranger, (long long)booking);
	cr_assert_eq(till_settle(booking, &payment).decision.outcome, PAYMENT_RETURN);
}

Test(settle, who_was_told_cancelled_stays_cancelled)
{
	int64_t booking = till_pending("3 days");
	struct payment payment = till_payment(booking, 1);

	till_release(booking, CAUSE_PAYMENT_CANCELLED, false);
	cr_assert_eq(till_settle(booking, &payment).decision.outcome, PAYMENT_RETURN);
	cr_assert_eq(count("refunds WHERE cause = 'late_payment'", booking), 1);
	cr_assert_eq(school_int(school_text("SELECT count(*) FROM bookings WHERE id = %lld"
					    " AND checkout_closed_at IS NOT NULL AND next_try_at IS NULL",
					    (long long)booking)),
		     1);
}

Test(settle, an_unknown_booking_gets_nothing)
{
	struct payment payment = till_payment(987654321, 1);

	cr_assert_eq(till_settle(987654321, &payment).outcome, SETTLE_UNKNOWN_BOOKING);
	cr_assert_eq(school_int("SELECT count(*) FROM payments WHERE payment_intent = 'pi_987654321_1'"), 0);
}

static struct settled settle_object(int64_t booking, struct checkout *checkout)
{
	const struct flow flow = till_flow(&school.arena);
	struct settled settled;
	struct err err = {0};

	ASSERT_OK(settle_checkout(&flow, booking, checkout, &settled, &err), err);
	return settled;
}

Test(settle, nothing_to_pay_confirms_without_a_payment_and_once)
{
	int64_t booking = till_pending("3 days");
	struct checkout free_one = {.status = CHECKOUT_COMPLETE, .paid = CHECKOUT_NOTHING_TO_PAY};

	(void)str_copy(free_one.id, sizeof free_one.id, school_text("cs_%lld", (long long)booking));
	cr_assert_eq(settle_object(booking, &free_one).outcome, SETTLE_DECIDED);
	cr_assert_eq(settle_object(booking, &free_one).outcome, SETTLE_REPEATED);
	EXPECT_SUM(booking, "1 2 0 0 2 1 1");
}

Test(settle, a_checkout_that_is_not_paid_settles_nothing)
{
	const struct flow flow = till_flow(&school.arena);
	const struct checkout open = {.status = CHECKOUT_OPEN};
	struct settled settled;
	struct err err = {0};

	ASSERT_ERR(settle_checkout(&flow, till_pending("3 days"), &open, &settled, &err), ERR_REJECT,
		   "not_paid", err);
}

Test(settle, a_booking_learns_its_checkout_from_its_payment)
{
	int64_t booking = till_pending("3 days");
	struct payment payment = till_payment(booking, 1);

	SCHOOL_SQL("UPDATE bookings SET stripe_session_id = NULL WHERE id = %lld", (long long)booking);
	till_settle(booking, &payment);
	cr_assert_eq(
		school_int(school_text(
			"SELECT count(*) FROM bookings WHERE id = %lld AND stripe_session_id = 'cs_%lld'",
			(long long)booking, (long long)booking)),
		1);
}

Test(settle, without_a_template_there_is_no_meeting)
{
	int64_t booking = till_pending("3 days");
	struct payment payment = till_payment(booking, 1);
	struct flow flow = till_flow(&school.arena);
	struct settled settled;
	struct err err = {0};

	flow.meeting_url_template = "";
	ASSERT_OK(settle_payment(&flow, booking, &payment, &settled, &err), err);
	cr_assert_eq(count("meetings WHERE true", booking), 0);
	EXPECT_SUM(booking, "1 2 1 0 2 1 1");
}
