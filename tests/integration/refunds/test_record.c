/* Rule 9: what an attempt came to is written under the fence, all of it or nothing. */
#include <criterion/criterion.h>
#include <string.h>

#include "rows.h"

TestSuite(refund_record, .init = rows_setup, .fini = rows_teardown, .timeout = 60);

static const struct stripe_refund at_stripe = {.id = "re_1",
					       .payment_intent = "pi_1",
					       .amount = {4500, "EUR"},
					       .status = STRIPE_REFUND_SUCCEEDED,
					       .request_id = "req_1",
					       .refund_id = FIRST_ID,
					       .generation = 1};

static struct refund_claim *claim_first(void)
{
	rows_refund(1, 15000);
	return rows_claim_fresh(FIRST_ID);
}

static bool record(const struct refund_claim *claim, const struct refund_change *change,
		   const struct stripe_refund *seen)
{
	struct refund_record record = {.claim = claim,
				       .change = change,
				       .wait_ms = 5000,
				       .log_what = "refund_changed",
				       .log_detail = "{\"refund\":\"x\"}",
				       .event_type = "unbook.refund.changed.v1",
				       .event_payload = "{}",
				       .traceparent =
					       "00-00000000000000000000000000000001-0000000000000001-01",
				       .mails_parent = change->mails_parent,
				       .seen = seen,
				       .seen_count = seen ? 1 : 0};
	bool recorded = false;

	ASSERT_OK(refunds_record(db, &record, &recorded, &err));
	return recorded;
}

static void assert_nothing_followed(void)
{
	cr_assert_eq(rows_int("SELECT count(*) FROM outbox"), 0);
	cr_assert_eq(rows_int("SELECT count(*) FROM booking_log"), 0);
	cr_assert_eq(rows_int("SELECT count(*) FROM mails"), 0);
}

Test(refund_record, a_success_is_written_with_all_that_follows)
{
	struct refund_claim *claim = claim_first();
	struct refund_change change = {.state = REFUND_SUCCEEDED, .generation = 1};

	cr_assert(record(claim, &change, &at_stripe));
	cr_assert_eq(
		rows_int(
			"SELECT count(*) FROM refunds WHERE state = 'succeeded' AND lease_token IS NULL AND version = 2"),
		1);
	cr_assert_eq(
		rows_int("SELECT count(*) FROM outbox WHERE aggregatetype = 'refund' AND aggregateid = '10'"
			 " AND headers LIKE '{\"traceparent\":\"00-%%'"),
		1);
	cr_assert_eq(
		rows_int(
			"SELECT count(*) FROM booking_log WHERE booking_id = 10 AND what = 'refund_changed'"),
		1);
	cr_assert_eq(rows_int("SELECT count(*) FROM mails"), 0);
	cr_assert_eq(
		rows_int("SELECT count(*) FROM stripe_refunds WHERE id = 're_1' AND refund_id = '" FIRST_ID
			 "' AND generation = 1 AND status = 'succeeded' AND request_id = 'req_1'"),
		1);
}

Test(refund_record, each_failure_mails_the_parent_also_in_the_same_generation)
{
	struct refund_change change = {
		.state = REFUND_FAILED, .generation = 1, .mails_parent = true, .reason = "declined"};

	for (int i = 0; i < 2; i++) {
		cr_assert(record(i ? rows_claim_due() : claim_first(), &change, NULL));
		rows_sql("UPDATE refunds SET state = 'pending', next_try_at = now()");
	}
	cr_assert_eq(rows_int("SELECT count(DISTINCT ref) FROM mails WHERE kind = 'refund_failed'"
			      " AND booking_version = 5 AND ref LIKE '" FIRST_ID ":%%'"),
		     2);
}

Test(refund_record, what_is_overdue_is_so_as_long_as_its_generation_lasts)
{
	struct refund_claim *claim = claim_first();
	struct refund_change change = {.state = REFUND_PENDING, .generation = 1};
	struct refund_record told = {.claim = claim, .change = &change, .is_overdue = true};
	bool recorded = false;

	cr_assert_eq(claim->sent_ms, 0);
	cr_assert_not(claim->is_overdue);
	rows_sql("UPDATE refunds SET first_sent_at = now() - interval '1 minute'");
	ASSERT_OK(refunds_record(db, &told, &recorded, &err));
	claim = rows_claim_due();
	cr_assert(claim->is_overdue && claim->sent_ms >= 60000);
	cr_assert(record(claim, &change, NULL));
	rows_sql("UPDATE refunds SET next_try_at = now()");
	claim = rows_claim_due();
	cr_assert(claim->is_overdue);
	change = (struct refund_change){.state = REFUND_REQUESTED, .generation = 2};
	cr_assert(record(claim, &change, NULL));
	cr_assert_eq(rows_int("SELECT count(*) FROM refunds WHERE overdue_at IS NULL"), 1);
}

Test(refund_record, a_failure_mails_the_parent_once)
{
	struct refund_claim *claim = claim_first();
	struct refund_change change = {
		.state = REFUND_FAILED, .generation = 1, .mails_parent = true, .reason = "declined"};

	cr_assert(record(claim, &change, NULL));
	cr_assert_not(record(claim, &change, NULL));
	cr_assert_eq(rows_int("SELECT count(*) FROM mails WHERE kind = 'refund_failed' AND recipient_id = 1"
			      " AND booking_version = 5 AND ref LIKE '" FIRST_ID
			      ":%%' AND next_try_at <= clock_timestamp()"),
		     1);
	cr_assert_eq(rows_int("SELECT count(*) FROM refunds WHERE failure_reason = 'declined'"), 1);
	cr_assert_eq(rows_int("SELECT count(*) FROM outbox"), 1);
}

Test(refund_record, a_lost_lease_writes_nothing_that_follows_but_keeps_stripes_word)
{
	struct refund_claim *claim = claim_first();
	struct refund_change change = {.state = REFUND_FAILED, .generation = 1};

	rows_sql("UPDATE refunds SET next_try_at = now()");
	rows_claim_due();
	cr_assert_not(record(claim, &change, &at_stripe));
	assert_nothing_followed();
	cr_assert_eq(rows_int("SELECT count(*) FROM refunds WHERE state = 'sending'"), 1);
	cr_assert_eq(rows_int("SELECT count(*) FROM stripe_refunds"), 1);
}

Test(refund_record, a_row_that_an_event_moved_meanwhile_is_not_moved_back)
{
	struct refund_claim *claim = claim_first();
	struct refund_change change = {.state = REFUND_PENDING, .generation = 1};

	rows_sql("UPDATE refunds SET state = 'succeeded'");
	cr_assert_not(record(claim, &change, NULL));
	assert_nothing_followed();
	rows_sql("UPDATE refunds SET state = 'sending', version = version + 1");
	cr_assert_not(record(claim, &change, NULL));
	assert_nothing_followed();
}

Test(refund_record, a_retry_counts_the_failure_and_tells_nobody)
{
	struct refund_claim *claim = claim_first();
	struct refund_change change = {.state = REFUND_REQUESTED, .generation = 1, .counts_as_failure = true};
	struct refund_record quiet = {
		.claim = claim, .change = &change, .wait_ms = 60000, .last_error = "http_timeout"};
	bool recorded = false;

	ASSERT_OK(refunds_record(db, &quiet, &recorded, &err));
	cr_assert(recorded);
	assert_nothing_followed();
	cr_assert_eq(
		rows_int(
			"SELECT count(*) FROM refunds WHERE state = 'requested' AND failures = 1 AND attempts = 1"
			" AND last_error = 'http_timeout' AND first_sent_at IS NOT NULL"
			" AND next_try_at > clock_timestamp() + interval '50 s'"),
		1);
	cr_assert_null(rows_claim_due());
}

Test(refund_record, a_new_generation_has_not_been_sent)
{
	struct refund_claim *claim = claim_first();
	struct refund_change change = {.state = REFUND_REQUESTED, .generation = 2};

	cr_assert(record(claim, &change, NULL));
	cr_assert_eq(rows_int("SELECT count(*) FROM refunds WHERE generation = 2 AND first_sent_at IS NULL"),
		     1);
}

Test(refund_record, stripes_word_about_a_refund_never_moves_backwards)
{
	static const struct {
		enum stripe_refund_status told;
		const char *kept;
	} steps[] = {
		{STRIPE_REFUND_PENDING, "pending"},   {STRIPE_REFUND_SUCCEEDED, "succeeded"},
		{STRIPE_REFUND_PENDING, "succeeded"}, {STRIPE_REFUND_FAILED, "failed"},
		{STRIPE_REFUND_SUCCEEDED, "failed"},
	};
	struct refund_claim *claim = claim_first();
	struct refund_change change = {.state = REFUND_PENDING, .generation = 1};
	struct stripe_refund seen = at_stripe;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		seen.status = steps[i].told;
		(void)record(claim, &change, &seen);
		cr_expect_eq(
			rows_int("SELECT count(*) FROM stripe_refunds WHERE status = '%s'", steps[i].kept), 1,
			"step %zu", i);
	}
}

Test(refund_record, a_refund_made_by_hand_is_nobodys_attempt)
{
	struct refund_claim *claim = claim_first();
	struct refund_change change = {.state = REFUND_SUCCEEDED, .generation = 1};
	struct stripe_refund seen = at_stripe;

	seen.refund_id[0] = '\0';
	seen.generation = 0;
	cr_assert(record(claim, &change, &seen));
	cr_assert_eq(
		rows_int(
			"SELECT count(*) FROM stripe_refunds WHERE refund_id IS NULL AND generation IS NULL"),
		1);
}
