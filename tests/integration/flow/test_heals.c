/* One process at a time reads a list of Stripe's, page by page, and knows what has no row here. */
#include <criterion/criterion.h>

#include "heals.h"
#include "till.h"

/* Only one pass is due. */
static void open_one(void)
{
	till_open();
	SCHOOL_SQL("UPDATE heals SET next_try_at = now() + interval '1 day' * (pass <> 'refunds')::int,"
		   " done_until = NULL, after_id = NULL, reads_from = NULL, reads_until = NULL,"
		   " lease_token = NULL, failures = 0");
}

TestSuite(heals, .init = open_one, .fini = till_close, .timeout = 60);

static struct heal_claim *claim(void)
{
	struct heal_claim *claimed = NULL;
	struct err err = {0};

	ASSERT_OK(heals_claim_due(school.pg, 60000, &school.arena, &claimed, &err), err);
	return claimed;
}

static void record(const struct heal_claim *claimed, const char *last_id)
{
	const struct heal_page page = {
		.span = {{1000000}, {2000000}}, .last_id = last_id, .wait_ms = 3600000};
	struct err err = {0};

	ASSERT_OK(heals_record_page(school.pg, claimed, &page, &err), err);
}

static void retry(const struct heal_claim *claimed, bool restarts)
{
	const struct heal_retry again = {.error = "http_timeout", .restarts = restarts};
	struct err err = {0};

	ASSERT_OK(heals_record_retry(school.pg, claimed, &again, &err), err);
}

Test(heals, a_span_is_read_on_page_by_page_until_it_is_done)
{
	struct heal_claim *first = claim();

	cr_assert_eq(first->pass, HEAL_REFUNDS);
	cr_assert(instant_is_none(first->done_until));
	cr_assert_null(first->after);
	cr_assert_gt(first->now.us, first->began.us);
	cr_assert_null(claim(), "it is leased");
	record(first, "re_100");
	first = claim();
	cr_assert_str_eq(first->after, "re_100");
	cr_assert_eq(first->reads.from.us, 1000000);
	cr_assert_eq(first->reads.until.us, 2000000);
	cr_assert(instant_is_none(first->done_until));
	record(first, NULL);
	cr_assert_null(claim(), "it rests");
	SCHOOL_SQL("UPDATE heals SET next_try_at = now() WHERE pass = 'refunds'");
	first = claim();
	cr_assert_null(first->after);
	cr_assert_eq(first->done_until.us, 2000000);
}

Test(heals, a_page_that_failed_is_read_again_or_the_span_from_its_beginning)
{
	struct heal_claim *claimed;

	record(claim(), "re_100");
	retry(claim(), false);
	claimed = claim();
	cr_assert_str_eq(claimed->after, "re_100");
	cr_assert_eq(claimed->failures, 1);
	retry(claimed, true);
	claimed = claim();
	cr_assert_null(claimed->after);
	cr_assert_eq(claimed->failures, 2);
	record(claimed, NULL);
	cr_assert_eq(school_int("SELECT failures FROM heals WHERE pass = 'refunds' AND last_error IS NULL"),
		     0);
}

Test(heals, who_lost_the_lease_writes_nothing)
{
	struct heal_claim *late = claim();

	SCHOOL_SQL("UPDATE heals SET next_try_at = now() WHERE pass = 'refunds'");
	cr_assert_not_null(claim());
	record(late, NULL);
	retry(late, true);
	cr_assert_eq(
		school_int("SELECT count(*) FROM heals WHERE pass = 'refunds' AND lease_token IS NOT NULL"
			   " AND done_until IS NULL AND failures = 0"),
		1);
}

Test(heals, only_what_has_no_row_is_missing)
{
	int64_t booking = till_pending("3 days");
	const struct payment payment = till_payment(booking, 1);
	const char *ours = payment.payment_intent;
	const char *seen = school_text("re_%lld", (long long)booking);
	struct heal_candidate payments[] = {{.id = ours}, {.id = "pi \"odd\\,{"}};
	struct heal_candidate refunds[] = {{seen, "pending", ours, NULL, false},
					   {seen, "succeeded", ours, NULL, false},
					   {seen, "failed", ours, NULL, false},
					   {"re_new", "pending", NULL, ours, false},
					   {"re_foreign", "failed", "pi_x", NULL, false}};
	struct heal_candidate disputes[] = {{"dp_told", "needs_response", ours, NULL, false},
					    {"dp_told", "under_review", ours, NULL, false},
					    {"dp_told", "lost", ours, NULL, false},
					    {"dp_told", "won", NULL, ours, false},
					    {"dp_new", "warning_closed", ours, NULL, false},
					    {"dp_foreign", "lost", "pi_x", NULL, false}};
	struct err err = {0};

	till_settle(booking, &payment);
	SCHOOL_SQL("INSERT INTO stripe_refunds (id, payment_intent, amount_minor, currency, status)"
		   " VALUES ('%s', '%s', 100, 'EUR', 'succeeded')",
		   seen, ours);
	SCHOOL_SQL(
		"INSERT INTO booking_log (booking_id, actor, what, detail) VALUES (%lld, 'stripe', 'disputed',"
		" '{\"dispute\":\"dp_told\",\"status\":\"needs_response\",\"paymentIntent\":\"%s\"}')",
		(long long)booking, ours);
	ASSERT_OK(heals_find_missing_payments(school.pg, payments, 2, &err), err);
	cr_expect(!payments[0].is_missing && payments[1].is_missing);
	ASSERT_OK(heals_find_missing_refunds(school.pg, refunds, 5, &err), err);
	cr_expect(!refunds[0].is_missing && !refunds[1].is_missing, "seen in this state or a later one");
	cr_expect(refunds[2].is_missing && refunds[3].is_missing && !refunds[4].is_missing);
	ASSERT_OK(heals_find_missing_disputes(school.pg, disputes, 6, &err), err);
	cr_expect(!disputes[0].is_missing && !disputes[1].is_missing, "told, and still open");
	cr_expect(disputes[2].is_missing && disputes[3].is_missing, "told, but not how it ended");
	cr_expect(disputes[4].is_missing && !disputes[5].is_missing);
}
