/* test_complete.c: what is over becomes Completed, once, and says so. */
#include <criterion/criterion.h>

#include "clock.h"
#include "reaper.h"
#include "rig.h"

TestSuite(complete, .init = rig_make_with_mock, .fini = rig_drop, .timeout = 90);

/* count Confirmed bookings, one a day, the first of which ended (or ends) at now + first. */
static void book(int count, const char *first)
{
	char sql[800];

	snprintf(
		sql, sizeof(sql),
		"INSERT INTO users (id, subject) VALUES (1, 'parent'), (2, 'teacher') ON CONFLICT DO NOTHING;"
		"INSERT INTO bookings (parent_id, student_id, teacher_id, title, starts_at, ends_at, status, amount_minor, currency, version)"
		" SELECT 1, 1, 2, 'x', e - interval '1 hour', e, 1, 4500, 'EUR', 5 FROM"
		" (SELECT now() + interval '%s' - n * interval '1 day' AS e FROM generate_series(0, %d) n) d",
		first, count - 1);
	rig_sql(sql);
}

static struct worker *reaper(struct completer *completer)
{
	struct worker_options options = {
		.group = "reaper", .slots = 4, .sweep_ms = 50, .pg_url = database_url, .db = rig.pool};
	struct worker_handler handler;
	struct worker *worker = NULL;
	struct err err = {0};

	completer_init(completer, &handler);
	ASSERT_OK(worker_open(&options, &handler, 1, &worker, &err), err);
	return worker;
}

static void stop(struct worker *worker)
{
	cr_assert(worker_close(worker, deadline_in_ms(RIG_WAIT_MS)));
}

#define COMPLETED "SELECT count(*) FROM bookings WHERE status = 2"

Test(complete, a_booking_that_is_over_is_completed_with_its_line_and_event_and_its_old_version)
{
	struct completer completer;
	struct worker *worker;

	book(1, "-1 second");
	worker = reaper(&completer);
	rig_expect("SELECT count(*) FROM bookings WHERE status = 2 AND version = 5", 1);
	stop(worker);
	cr_expect_eq(
		database_count(
			"SELECT count(*) FROM booking_log WHERE what = 'completed' AND actor = 'reaper'"),
		1);
	cr_expect_eq(
		database_count(
			"SELECT count(*) FROM outbox o JOIN bookings b ON o.aggregateid = b.id::text"
			" WHERE o.type = 'unbook.booking.completed.v1' AND o.headers LIKE '%traceparent%'"
			" AND (o.payload::jsonb ->> 'version') = '5' AND (o.payload::jsonb ->> 'status') = '2'"),
		1);
}

Test(complete, a_booking_that_is_not_over_or_was_cancelled_stays_as_it_is)
{
	struct completer completer;
	struct worker *worker;

	book(1, "30 minutes");
	rig_sql("INSERT INTO bookings (parent_id, student_id, teacher_id, title, starts_at, ends_at, status, amount_minor, currency,"
		" cancelled_at, cancel_cause) SELECT 1, 1, 2, 'x', now() - interval '9 days', now() - interval '8 days', s, 1, 'EUR',"
		" CASE WHEN s = 3 THEN now() END, CASE WHEN s = 3 THEN 'parent' END FROM (VALUES (0), (3)) v (s)");
	worker = reaper(&completer);
	rig_expect_still(COMPLETED, 0, 400);
	stop(worker);
	cr_expect_eq(database_count("SELECT count(*) FROM outbox"), 0);
}

Test(complete, several_reapers_complete_many_bookings_once_each)
{
	struct completer one, other;
	struct worker *first, *second;

	book(200, "-1 second");
	first = reaper(&one);
	second = reaper(&other);
	rig_expect(COMPLETED, 200);
	stop(first);
	stop(second);
	cr_expect_eq(database_count("SELECT count(*) FROM outbox"), 200);
	cr_expect_eq(database_count("SELECT count(DISTINCT booking_id) FROM booking_log"), 200);
	cr_expect_eq(database_count("SELECT count(*) FROM booking_log"), 200);
}

Test(complete, a_booking_that_somebody_has_locked_is_left_for_later)
{
	static const struct pg_stmt lock = {"lock", "SELECT 1 FROM bookings WHERE id = 2 FOR NO KEY UPDATE",
					    true};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *other = database_open(0);
	struct completer completer;
	struct worker *worker;
	struct err err = {0};

	book(3, "-1 second");
	ASSERT_OK(pg_queue_begin(other, &err), err);
	ASSERT_OK(pg_queue(other, &lock, NULL, &err), err);
	ASSERT_OK(pg_run(other, &results, &err), err);
	worker = reaper(&completer);
	rig_expect(COMPLETED, 2);
	rig_expect_still(COMPLETED, 2, 200);
	pg_rollback(other);
	pg_close(other);
	rig_expect(COMPLETED, 3);
	stop(worker);
}
