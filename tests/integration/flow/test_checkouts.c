#include <criterion/criterion.h>

#include "checkouts.h"
#include "till.h"

/* What earlier tests left due is none of these tests' business. */
static void open_quiet(void)
{
	till_open();
	SCHOOL_SQL("UPDATE bookings SET next_try_at = NULL");
}

TestSuite(checkouts, .init = open_quiet, .fini = till_close, .timeout = 60);

static struct checkout_claim *claim(int64_t booking)
{
	const struct checkout_lease lease = {60000, &school.arena};
	struct checkout_claim *claimed = NULL;
	struct err err = {0};

	if (booking)
		ASSERT_OK(checkouts_claim_booking(school.pg, &lease, booking, &claimed, &err), err);
	else
		ASSERT_OK(checkouts_claim_due(school.pg, &lease, &claimed, &err), err);
	return claimed;
}

Test(checkouts, one_that_is_due_is_claimed_once)
{
	int64_t booking = till_pending("3 days");
	struct checkout_claim *first = claim(0);

	cr_assert_eq(first->booking.id, booking);
	cr_assert_eq(first->attempts, 1);
	cr_assert(first->now.us > first->booking.hold_expires_at.us);
	cr_assert_null(claim(0));
	cr_assert_null(claim(booking));
}

Test(checkouts, a_ring_claims_before_its_time_and_an_unknown_one_is_refused)
{
	const struct checkout_lease lease = {60000, &school.arena};
	int64_t booking = till_pending("3 days");
	struct checkout_claim *claimed = NULL;
	struct err err = {0};

	SCHOOL_SQL("UPDATE bookings SET next_try_at = now() + interval '1 hour' WHERE id = %lld",
		   (long long)booking);
	cr_assert_null(claim(0));
	cr_assert_not_null(claim(booking));
	ASSERT_ERR(checkouts_claim_booking(school.pg, &lease, 987654321, &claimed, &err), ERR_REJECT,
		   "unknown_booking", err);
	ASSERT_ERR(checkouts_claim_booking(school.pg, &lease, -1, &claimed, &err), ERR_REJECT,
		   "unknown_booking", err);
}

Test(checkouts, what_is_closed_is_never_claimed)
{
	int64_t booking = till_pending("3 days");

	till_release(booking, CAUSE_CHECKOUT_EXPIRED, true);
	cr_assert_null(claim(booking));
	cr_assert_null(claim(0));
}

Test(checkouts, a_wait_is_written_under_the_fence)
{
	int64_t booking = till_pending("3 days");
	struct checkout_claim *claimed = claim(0);
	struct err err = {0};

	ASSERT_OK(checkouts_record_wait(school.pg, claimed, "http_timeout", 0, &err), err);
	claimed = claim(0);
	cr_assert_eq(claimed->failures, 1);
	SCHOOL_SQL("UPDATE bookings SET lease_token = gen_random_uuid() WHERE id = %lld", (long long)booking);
	ASSERT_OK(checkouts_record_wait(school.pg, claimed, NULL, 0, &err), err);
	cr_assert_eq(
		school_int(school_text("SELECT failures FROM bookings WHERE id = %lld", (long long)booking)),
		1);
	cr_assert_null(claim(0));
}

Test(checkouts, t2_stores_the_first_checkout_and_tells_how_the_booking_stands)
{
	int64_t booking = till_pending("3 days");
	enum booking_status status;
	struct err err = {0};
	bool is_its;

	SCHOOL_SQL("UPDATE bookings SET stripe_session_id = NULL WHERE id = %lld", (long long)booking);
	ASSERT_OK(checkouts_record_made(school.pg, booking, "cs_made", "https://pay", &status, &is_its, &err),
		  err);
	cr_assert(is_its && status == BOOKING_PENDING);
	ASSERT_OK(
		checkouts_record_made(school.pg, booking, "cs_twin", "https://twin", &status, &is_its, &err),
		err);
	cr_assert_not(is_its);
	SCHOOL_SQL(
		"UPDATE bookings SET status = 3, cancelled_at = now(), cancel_cause = 'parent' WHERE id = %lld",
		(long long)booking);
	ASSERT_OK(checkouts_record_made(school.pg, booking, "cs_made", "https://pay", &status, &is_its, &err),
		  err);
	cr_assert(is_its && status == BOOKING_CANCELLED);
	ASSERT_ERR(checkouts_record_made(school.pg, 987654321, "cs_x", NULL, &status, &is_its, &err),
		   ERR_REJECT, "unknown_booking", err);
	SCHOOL_SQL("UPDATE bookings SET stripe_session_id = NULL WHERE id = %lld", (long long)booking);
}

Test(checkouts, a_booking_is_found_by_its_checkout_before_its_number)
{
	int64_t one = till_pending("3 days"), two = till_pending("4 days");
	struct booking found;
	struct err err = {0};
	const char *of_one = school_text("cs_%lld", (long long)one);

	ASSERT_OK(checkouts_find_booking(school.pg, of_one, two, &school.arena, &found, &err), err);
	cr_assert_eq(found.id, one);
	ASSERT_OK(checkouts_find_booking(school.pg, "cs_nobodys", two, &school.arena, &found, &err), err);
	cr_assert_eq(found.id, two);
	ASSERT_OK(checkouts_find_booking(school.pg, "cs_nobodys", 0, &school.arena, &found, &err), err);
	cr_assert_eq(found.id, 0);
}
