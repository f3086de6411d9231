#include "rows.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct pg *db;
struct arena arena;
struct err err;
const struct refund_lease lease = {.lease_ms = LEASE_MS, .arena = &arena};

struct pg *rows_connect(void)
{
	const char *url = getenv("UNBOOK_TEST_PG_URL");
	const struct pg_options options = {.url = url, .application = "test"};
	struct pg *pg = NULL;

	cr_assert(url, "UNBOOK_TEST_PG_URL is not set: run through ./dev test integration");
	ASSERT_OK(pg_open(&options, &pg, &err));
	return pg;
}

void rows_setup(void)
{
	db = rows_connect();
	arena_init(&arena, 1024 * 1024);
	rows_sql(
		"TRUNCATE users, offers, bookings, payments, refunds, stripe_refunds, mails, meetings, outbox,"
		" booking_log, idempotency_keys CASCADE;"
		"UPDATE instance SET livemode = NULL;"
		"INSERT INTO users (id, subject) VALUES (1, 'parent'), (2, 'teacher');"
		"INSERT INTO bookings (id, parent_id, student_id, teacher_id, title, starts_at, ends_at, status, amount_minor,"
		" currency, cancelled_at, cancel_cause, version) VALUES (10, 1, 1, 2, 'Algebra', now() + interval '3 days',"
		" now() + interval '3 days 1 hour', 3, 4500, 'EUR', now(), 'parent', 5)");
}

void rows_teardown(void)
{
	arena_release(&arena);
	pg_close(db);
}

void rows_sql(const char *fmt, ...)
{
	char sql[4096];
	va_list args;

	va_start(args, fmt);
	vsnprintf(sql, sizeof(sql), fmt, args);
	va_end(args);
	ASSERT_OK(pg_script(db, sql, 10000, &err));
}

int64_t rows_int(const char *fmt, ...)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg =
		rows_connect(); /* of its own, as every statement here would be prepared under one name */
	char sql[1024];
	va_list args;
	int64_t value;

	va_start(args, fmt);
	vsnprintf(sql, sizeof(sql), fmt, args);
	va_end(args);
	ASSERT_OK(pg_one(pg, &(struct pg_stmt){.name = "one", .sql = sql, .reads_only = true}, NULL, &results,
			 &err));
	value = pg_int(&results, 0, 0, 0);
	pg_close(pg);
	return value;
}

void rows_refund(int i, int64_t due_ms)
{
	rows_sql(
		"INSERT INTO payments VALUES ('pi_%d', 10, NULL, NULL, 4500, 'EUR', now());"
		"INSERT INTO refunds (id, payment_intent, booking_id, cause, next_try_at) VALUES"
		" ('00000000-0000-4000-8000-%012d', 'pi_%d', 10, 'parent', clock_timestamp() + %lld * interval '1 ms')",
		i, i, i, (long long)due_ms);
}

struct refund_claim *rows_claim_fresh(const char *id)
{
	struct refund_claim *claim = NULL;

	ASSERT_OK(refunds_claim_fresh(db, &lease, id, &claim, &err));
	return claim;
}

struct refund_claim *rows_claim_due(void)
{
	struct refund_claim *claim = NULL;

	ASSERT_OK(refunds_claim_due(db, &lease, &claim, &err));
	return claim;
}
