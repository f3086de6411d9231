#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

TestSuite(claim, .init = world_make, .fini = world_end);

Test(claim, a_queued_row_is_unique_per_booking_kind_reader_version_and_ref)
{
	struct mail_request request = {.booking_id = world.booking_id,
				       .kind = MAIL_CANCELLED,
				       .recipient_id = world.parent_id,
				       .booking_version = 2,
				       .ref = ""};
	struct err err = {0};

	for (int i = 0; i < 3; i++) {
		PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;

		request.booking_version = 2 + i / 2; /* 2, 2, 3 */
		ASSERT_OK(mails_queue(world.db, &request, &err), err);
		ASSERT_OK(pg_run(world.db, &results, &err), err);
	}
	cr_assert_eq(world_number("SELECT count(*) FROM mails WHERE booking_id = %lld",
				  (long long)world.booking_id),
		     2);
}

Test(claim, the_first_claim_fixes_the_message_id_for_ever)
{
	int64_t id = world_mail(MAIL_CANCELLED, world.parent_id, 2);
	struct mail mail = world_claim();

	cr_assert_eq(mail.id, id);
	cr_assert_eq(mail.state, MAIL_QUEUED);
	cr_assert_eq(mail.attempts, 1);
	cr_assert(strstr(mail.message_id, "@school.example>"), "%s", mail.message_id);
	cr_assert(world_record(&mail, MAIL_QUEUED));
	world_sql("UPDATE mails SET next_try_at = now() WHERE id = %lld", (long long)id);
	struct mail again = world_sweep();
	cr_assert_eq(again.id, id);
	cr_assert_eq(again.attempts, 2);
	cr_assert_str_eq(again.message_id, mail.message_id);
	cr_assert_str_neq(again.lease_token, mail.lease_token);
}

Test(claim, a_leased_mail_is_nobody_elses)
{
	world_mail(MAIL_CANCELLED, world.parent_id, 2);
	cr_assert_neq(world_claim().id, 0);
	cr_assert_eq(world_claim().id, 0);
	cr_assert_eq(world_sweep().id, 0);
}

Test(claim, the_bell_takes_fresh_mails_only_and_before_they_are_due)
{
	int64_t id = world_mail(MAIL_CANCELLED, world.parent_id, 2);

	world_sql("UPDATE mails SET next_try_at = now() + interval '15 s' WHERE id = %lld", (long long)id);
	cr_assert_eq(world_sweep().id, 0, "the sweep leaves it to the bell");
	struct mail mail = world_claim();
	cr_assert_eq(mail.id, id);
	cr_assert(world_record(&mail, MAIL_QUEUED));
	cr_assert_eq(world_claim().id, 0, "a tried one waits for its time");
}

Test(claim, an_expired_lease_is_found_as_sending_so_that_it_becomes_unknown)
{
	int64_t id = world_mail(MAIL_CANCELLED, world.parent_id, 2);
	struct mail lost = world_claim();

	world_sql("UPDATE mails SET lease_until = now(), next_try_at = now() WHERE id = %lld", (long long)id);
	struct mail found = world_sweep();
	cr_assert_eq(found.id, id);
	cr_assert_eq(found.state, MAIL_SENDING);
	cr_assert(world_record(&found, MAIL_UNKNOWN));
	cr_assert_not(world_record(&lost, MAIL_SENT));
	cr_assert_str_eq(world_state(id), "unknown");
}

Test(claim, newer_news_supersedes_what_is_unfinished_of_the_same_reader)
{
	int64_t queued = world_mail(MAIL_CONFIRMED, world.parent_id, 1);
	int64_t others = world_mail(MAIL_CONFIRMED, world.teacher_id, 1);
	int64_t newest = world_mail(MAIL_CANCELLED, world.parent_id, 2);

	world_sql("UPDATE mails SET next_try_at = now() - interval '1 s' WHERE id = %lld", (long long)newest);
	cr_assert_eq(world_sweep().id, newest);
	cr_assert_str_eq(world_state(queued), "superseded");
	cr_assert_str_eq(world_state(others), "queued");
}

Test(claim, old_news_that_comes_first_is_superseded_itself)
{
	int64_t old = world_mail(MAIL_CONFIRMED, world.parent_id, 1);
	int64_t newest = world_mail(MAIL_CANCELLED, world.parent_id, 2);

	cr_assert_eq(world_sweep().id, newest);
	cr_assert_str_eq(world_state(old), "superseded");
	cr_assert_eq(world_sweep().id, 0);
}

Test(claim, what_was_sent_stays_sent_when_newer_news_comes)
{
	int64_t old = world_mail(MAIL_CONFIRMED, world.parent_id, 1);

	world_sql("UPDATE mails SET state = 'sent' WHERE id = %lld", (long long)old);
	world_mail(MAIL_CANCELLED, world.parent_id, 2);
	cr_assert_neq(world_sweep().id, 0);
	cr_assert_str_eq(world_state(old), "sent");
}

Test(claim, mails_about_money_are_never_superseded)
{
	int64_t returned = world_mail(MAIL_PAYMENT_RETURNED, world.parent_id, 1);
	int64_t failed = world_mail(MAIL_REFUND_FAILED, world.parent_id, 1);

	world_mail(MAIL_CANCELLED, world.parent_id, 2);
	for (int i = 0; i < 3; i++)
		cr_assert_neq(world_sweep().id, 0);
	cr_assert_str_eq(world_state(returned), "sending");
	cr_assert_str_eq(world_state(failed), "sending");
}

Test(claim, a_confirmation_waits_until_its_meeting_is_ready)
{
	int64_t id = world_mail(MAIL_CONFIRMED, world.parent_id, 2);

	world_sql(
		"INSERT INTO meetings (booking_id, provider, state, next_try_at) VALUES (%lld, 'x', 'wanted', now())",
		(long long)world.booking_id);
	cr_assert_eq(world_claim().id, 0);
	cr_assert_eq(world_sweep().id, 0);
	cr_assert_str_eq(world_state(id), "queued");
	world_sql(
		"UPDATE meetings SET state = 'ready', url = 'https://meet.example/1' WHERE booking_id = %lld",
		(long long)world.booking_id);
	cr_assert_eq(world_claim().id, id);
}

Test(claim, a_cancellation_waits_for_no_meeting)
{
	int64_t id = world_mail(MAIL_CANCELLED, world.parent_id, 2);

	world_sql(
		"INSERT INTO meetings (booking_id, provider, state, next_try_at) VALUES (%lld, 'x', 'wanted', now())",
		(long long)world.booking_id);
	cr_assert_eq(world_claim().id, id);
}

Test(claim, two_at_once_take_different_mails)
{
	const struct pg_options options = {.url = getenv("UNBOOK_TEST_PG_URL"), .application = "test"};
	const struct mail_claim claim = {.domain = "school.example", .lease_ms = 60000};
	static const struct pg_stmt lock = {
		.name = "lock",
		.sql = "SELECT id FROM mails WHERE state = 'queued' ORDER BY next_try_at, id "
		       "LIMIT 1 FOR NO KEY UPDATE"};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct mail mail = {0};
	struct pg *rival = NULL;
	struct err err = {0};

	int64_t first = world_mail(MAIL_CANCELLED, world.parent_id, 2);
	int64_t second = world_mail(MAIL_CANCELLED, world.teacher_id, 2);
	ASSERT_OK(pg_open(&options, &rival, &err), err);
	ASSERT_OK(pg_queue_begin(rival, &err), err);
	ASSERT_OK(pg_queue(rival, &lock, NULL, &err), err);
	ASSERT_OK(pg_run(rival, &results, &err), err);
	cr_assert_eq(pg_int(&results, 1, 0, 0), first);
	ASSERT_OK(mails_sweep(world.db, &claim, &world.arena, &mail, &err), err);
	cr_assert_eq(mail.id, second, "it neither waits for the locked one nor takes it");
	pg_rollback(rival);
	pg_close(rival);
}
