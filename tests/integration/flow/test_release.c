#include <criterion/criterion.h>

#include "adopt.h"
#include "cancel_booking.h"
#include "till.h"

TestSuite(release, .init = till_open, .fini = till_close, .timeout = 60);

static int64_t is_so(int64_t booking, const char *what)
{
	return school_int(school_text("SELECT count(*) FROM bookings WHERE id = %lld AND %s",
				      (long long)booking, what));
}

Test(release, a_proven_one_is_closed_and_nobody_is_mailed)
{
	int64_t booking = till_pending("3 days");

	cr_assert_eq(till_release(booking, CAUSE_CHECKOUT_EXPIRED, true), RELEASED);
	EXPECT_SUM(booking, "3 2 0 0 0 1 1");
	cr_assert_eq(is_so(booking, "checkout_closed_at IS NOT NULL AND next_try_at IS NULL"), 1);
	cr_assert_eq(till_release(booking, CAUSE_CHECKOUT_EXPIRED, true), RELEASE_REPEATED);
	EXPECT_SUM(booking, "3 2 0 0 0 1 1");
}

Test(release, an_unproven_one_rings_for_its_checkout_until_it_is_closed)
{
	int64_t booking = till_pending("3 days");

	cr_assert_eq(till_release(booking, CAUSE_PAYMENT_CANCELLED, false), RELEASED);
	EXPECT_SUM(booking, "3 2 0 0 0 2 1");
	cr_assert_eq(is_so(booking, "checkout_closed_at IS NULL AND next_try_at > clock_timestamp()"), 1);
	cr_assert_eq(till_release(booking, CAUSE_CHECKOUT_EXPIRED, true), RELEASE_REPEATED);
	cr_assert_eq(is_so(booking, "checkout_closed_at IS NOT NULL AND next_try_at IS NULL AND version = 2"
				    " AND cancel_cause = 'payment_cancelled'"),
		     1);
}

Test(release, a_paid_one_and_one_with_another_checkout_stay)
{
	int64_t paid = till_pending("3 days"), other = till_pending("4 days");
	struct payment payment = till_payment(paid, 1);

	till_settle(paid, &payment);
	cr_assert_eq(till_release(paid, CAUSE_CHECKOUT_EXPIRED, true), RELEASE_NOT_PENDING);
	EXPECT_SUM(paid, "1 2 1 0 2 1 1");
	SCHOOL_SQL("UPDATE bookings SET stripe_session_id = 'cs_other_%lld' WHERE id = %lld",
		   (long long)other, (long long)other);
	cr_assert_eq(till_release(other, CAUSE_CHECKOUT_EXPIRED, true), RELEASE_OTHER_CHECKOUT);
	EXPECT_SUM(other, "0 1 0 0 0 0 0");
	cr_assert_eq(till_release(987654321, CAUSE_CHECKOUT_EXPIRED, true), RELEASE_UNKNOWN_BOOKING);
}

/* The parent's, with their reason. */
static enum release_outcome give_up(int64_t booking, const char *reason)
{
	const struct flow flow = till_flow(&school.arena);
	const struct release_request request = {.booking_id = booking,
						.cause = CAUSE_PAYMENT_CANCELLED,
						.by = school.parent,
						.reason = reason,
						.stripe_session_id =
							school_text("cs_%lld", (long long)booking),
						.is_closed = true};
	enum release_outcome outcome;
	struct booking after;
	struct err err = {0};

	ASSERT_OK(release_booking(&flow, &request, &outcome, &after, &err), err);
	cr_assert_eq(after.version, school_int(school_text("SELECT version FROM bookings WHERE id = %lld",
							   (long long)booking)));
	return outcome;
}

Test(release, a_person_who_gives_up_takes_the_place_of_an_expiry_that_came_first)
{
	int64_t booking = till_pending("3 days");
	struct payment payment = till_payment(booking, 1);

	cr_assert_eq(till_release(booking, CAUSE_CHECKOUT_EXPIRED, true), RELEASED);
	SCHOOL_SQL("UPDATE bookings SET cancelled_at = '2026-01-01T00:00:00Z' WHERE id = %lld",
		   (long long)booking);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(give_up(booking, i ? "again" : "too dear"), RELEASE_REPEATED);
		EXPECT_SUM(booking, "3 3 0 0 0 2 2");
		cr_assert_eq(is_so(booking, school_text("cancel_cause = 'payment_cancelled'"
							" AND cancelled_by = %lld"
							" AND cancellation_reason = 'too dear'"
							" AND cancelled_at = '2026-01-01T00:00:00Z'",
							(long long)school.parent)),
			     1);
	}
	cr_assert_eq(till_release(booking, CAUSE_CHECKOUT_EXPIRED, true), RELEASE_REPEATED);
	EXPECT_SUM(booking, "3 3 0 0 0 2 2");
	cr_assert_eq(till_settle(booking, &payment).decision.outcome, PAYMENT_RETURN, "it stays cancelled");
}

Test(release, an_expiry_whose_late_payment_was_decided_stays_one)
{
	int64_t booking = till_pending("3 days"), rival;
	struct payment payment = till_payment(booking, 1);

	cr_assert_eq(till_release(booking, CAUSE_CHECKOUT_EXPIRED, true), RELEASED);
	rival = till_pending("3 days");
	cr_assert_eq(till_settle(booking, &payment).decision.outcome, PAYMENT_RETURN);
	EXPECT_SUM(booking, "3 2 1 1 1 2 3");
	cr_assert_eq(give_up(booking, NULL), RELEASE_REPEATED);
	EXPECT_SUM(booking, "3 2 1 1 1 2 3");
	cr_assert_eq(is_so(booking, "cancel_cause = 'checkout_expired' AND cancelled_by IS NULL"), 1);
	EXPECT_SUM(rival, "0 1 0 0 0 0 0");
}

static struct cancelled cancel(int64_t booking, struct actor actor, enum err_kind wanted)
{
	const struct flow flow = till_flow(&school.arena);
	const struct cancel_request request = {.booking_id = booking, .actor = actor};
	struct cancelled cancelled;
	struct err err = {0};

	cr_assert_eq(cancel_booking(&flow, &request, &cancelled, &err), wanted, "%s: %s", err.code, err.msg);
	return cancelled;
}

Test(release, a_cancel_of_a_pending_booking_decides_and_writes_nothing)
{
	int64_t booking = till_pending("3 days");

	cr_assert_eq(cancel(booking, (struct actor){school.parent, ROLE_PARENT}, ERR_OK).decided.outcome,
		     CANCEL_RELEASE);
	EXPECT_SUM(booking, "0 1 0 0 0 0 0");
}

Test(release, a_cancel_of_a_confirmed_booking_gives_back_what_it_keeps)
{
	int64_t booking = till_pending("3 days");
	struct payment payment = till_payment(booking, 1);

	till_settle(booking, &payment);
	cr_assert_eq(cancel(booking, (struct actor){school.parent, ROLE_PARENT}, ERR_OK).decided.outcome,
		     CANCEL_AND_REFUND);
	EXPECT_SUM(booking, "3 3 1 1 4 3 3");
	cr_assert_eq(cancel(booking, (struct actor){school.parent, ROLE_PARENT}, ERR_OK).decided.outcome,
		     CANCEL_REPEATED);
	cancel(booking, (struct actor){school.stranger, ROLE_PARENT}, ERR_REJECT);
	EXPECT_SUM(booking, "3 3 1 1 4 3 3");
}

static void adopt(int64_t booking, const char *payment_intent)
{
	const struct flow flow = till_flow(&school.arena);
	const struct adoption adoption = {booking, payment_intent, {4500, "EUR"}};
	struct err err = {0};

	ASSERT_OK(adopt_refund(&flow, &adoption, &err), err);
}

Test(release, a_full_refund_by_hand_cancels_and_is_listed_before_anything_is_asked)
{
	int64_t booking = till_pending("3 days");
	struct payment payment = till_payment(booking, 1);

	till_settle(booking, &payment);
	for (int i = 0; i < 3; i++)
		adopt(booking, payment.payment_intent);
	EXPECT_SUM(booking, "3 3 1 1 4 3 3");
	cr_assert_eq(school_int(school_text(
			     "SELECT count(*) FROM refunds WHERE booking_id = %lld AND cause = 'admin'"
			     " AND first_sent_at IS NOT NULL",
			     (long long)booking)),
		     1);
}

Test(release, a_full_refund_by_hand_of_what_has_begun_leaves_the_booking)
{
	int64_t booking = till_pending("3 days");
	struct payment payment = till_payment(booking, 1);

	till_settle(booking, &payment);
	SCHOOL_SQL("UPDATE bookings SET starts_at = clock_timestamp() - interval '5 minutes' WHERE id = %lld",
		   (long long)booking);
	for (int i = 0; i < 3; i++)
		adopt(booking, payment.payment_intent);
	EXPECT_SUM(booking, "1 2 1 1 2 2 2");
}
