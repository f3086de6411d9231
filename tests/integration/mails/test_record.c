#include <criterion/criterion.h>

#include "str.h"
#include "world.h"

TestSuite(record, .init = world_make, .fini = world_end);

static int64_t log_lines(void)
{
	return world_number("SELECT count(*) FROM booking_log WHERE booking_id = %lld",
			    (long long)world.booking_id);
}

Test(record, sent_is_final_with_its_reply_time_and_line_in_the_time_line)
{
	int64_t id = world_mail(MAIL_CANCELLED, world.teacher_id, 2);
	struct mail mail = world_claim();

	cr_assert(world_record(&mail, MAIL_SENT));
	cr_assert_eq(
		world_number(
			"SELECT count(*) FROM mails WHERE id = %lld AND state = 'sent' AND last_reply = '250' "
			"AND sent_at IS NOT NULL AND lease_token IS NULL AND lease_until IS NULL",
			(long long)id),
		1);
	cr_assert_str_eq(
		world_text(
			"SELECT actor || ' ' || what || ' ' || (detail->>'to') || ' ' || (detail->>'kind') || ' ' || "
			"(detail->>'reply') FROM booking_log WHERE booking_id = %lld",
			(long long)world.booking_id),
		"notifier mail_sent teacher cancelled 250");
	cr_assert_eq(world_sweep().id, 0);
}

Test(record, a_lost_lease_records_nothing_and_writes_no_line)
{
	int64_t id = world_mail(MAIL_CANCELLED, world.parent_id, 2);
	struct mail lost = world_claim();

	world_sql("UPDATE mails SET next_try_at = now() WHERE id = %lld", (long long)id);
	struct mail taken = world_sweep();
	cr_assert_eq(taken.id, id);
	cr_assert_not(world_record(&lost, MAIL_SENT));
	cr_assert_eq(log_lines(), 0);
	cr_assert_str_eq(world_state(id), "sending");
	cr_assert(world_record(&taken, MAIL_SENT));
	cr_assert_eq(log_lines(), 1);
}

Test(record, once_recorded_the_same_token_records_nothing_more)
{
	world_mail(MAIL_CANCELLED, world.parent_id, 2);
	struct mail mail = world_claim();

	cr_assert(world_record(&mail, MAIL_SENT));
	cr_assert_not(world_record(&mail, MAIL_FAILED));
	cr_assert_eq(log_lines(), 1);
}

Test(record, a_retry_counts_and_waits_without_a_line)
{
	int64_t id = world_mail(MAIL_CANCELLED, world.parent_id, 2);
	struct mail mail = world_claim();
	const struct mail_outcome outcome = {.change = {.state = MAIL_QUEUED, .counts_as_failure = true},
					     .error = "smtp_later",
					     .reply = "451",
					     .wait_ms = 60000};
	struct err err = {0};
	bool recorded = false;

	ASSERT_OK(mails_record(world.db, &mail, &outcome, &recorded, &err), err);
	cr_assert(recorded);
	cr_assert_eq(log_lines(), 0);
	cr_assert_eq(
		world_number(
			"SELECT count(*) FROM mails WHERE id = %lld AND failures = 1 AND unknowns = 0 AND last_error = "
			"'smtp_later' AND next_try_at BETWEEN now() + interval '50 s' AND now() + interval '61 s'",
			(long long)id),
		1);
	cr_assert_eq(world_sweep().id, 0);
}

Test(record, an_unknown_outcome_is_counted_apart)
{
	int64_t id = world_mail(MAIL_CANCELLED, world.parent_id, 2);
	struct mail mail = world_claim();
	const struct mail_outcome outcome = {.change = {.state = MAIL_UNKNOWN, .counts_as_unknown = true},
					     .error = "smtp_lost",
					     .reply = "354",
					     .wait_ms = 0};
	struct err err = {0};
	bool recorded = false;

	ASSERT_OK(mails_record(world.db, &mail, &outcome, &recorded, &err), err);
	struct mail again = world_sweep();
	cr_assert_eq(again.id, id);
	cr_assert_eq(again.state, MAIL_UNKNOWN);
	cr_assert_eq(again.unknowns, 1);
	cr_assert_eq(again.failures, 0);
	cr_assert_str_eq(again.message_id, mail.message_id);
}

Test(record, a_lease_is_renewed_by_its_holder_alone)
{
	int64_t id = world_mail(MAIL_CANCELLED, world.parent_id, 2);
	struct mail mail = world_claim(), stranger = mail;
	struct err err = {0};
	bool held = false;

	world_sql("UPDATE mails SET lease_until = now(), next_try_at = now() WHERE id = %lld", (long long)id);
	ASSERT_OK(mails_hold(world.db, &mail, 60000, &held, &err), err);
	cr_assert(held);
	cr_assert_eq(world_sweep().id, 0);
	cr_assert(str_copy(stranger.lease_token, sizeof(stranger.lease_token),
			   "00000000-0000-4000-8000-000000000000"));
	ASSERT_OK(mails_hold(world.db, &stranger, 60000, &held, &err), err);
	cr_assert_not(held);
	cr_assert(world_record(&mail, MAIL_SENT));
	ASSERT_OK(mails_hold(world.db, &mail, 60000, &held, &err), err);
	cr_assert_not(held, "it is over");
}
