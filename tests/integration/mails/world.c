#include "world.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world world;
int64_t world_lease_ms = 60000;

/* Every statement under a name of its own: the adapter prepares by name. */
static enum err_kind run(const char *sql, struct pg_results *results, struct err *err)
{
	static int number;
	struct pg_stmt *stmt = arena_alloc(&world.arena, sizeof(*stmt));

	cr_assert_not_null(stmt);
	*stmt = (struct pg_stmt){.name = arena_printf(&world.arena, "world_%d", ++number),
				 .sql = arena_strdup(&world.arena, sql),
				 .reads_only = true};
	return pg_one(world.db, stmt, NULL, results, err);
}

#define FORMAT(out)                                       \
	do {                                              \
		va_list list;                             \
		va_start(list, fmt);                      \
		vsnprintf((out), sizeof(out), fmt, list); \
		va_end(list);                             \
	} while (0)

void world_sql(const char *fmt, ...)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct err err = {0};
	char sql[2048];

	FORMAT(sql);
	ASSERT_OK(run(sql, &results, &err), err);
}

int64_t world_number(const char *fmt, ...)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct err err = {0};
	char sql[2048];

	FORMAT(sql);
	ASSERT_OK(run(sql, &results, &err), err);
	return pg_int(&results, 0, 0, 0);
}

const char *world_text(const char *fmt, ...)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct err err = {0};
	char sql[2048];

	FORMAT(sql);
	ASSERT_OK(run(sql, &results, &err), err);
	const char *text = arena_strdup(&world.arena, pg_text(&results, 0, 0, 0));
	cr_assert_not_null(text);
	return text;
}

static int64_t make_user(const char *name, const char *zone)
{
	return world_number("INSERT INTO users (subject, email, display_name, time_zone, locale) VALUES "
			    "(gen_random_uuid(), 'a@families.example', '%s', '%s', 'de') RETURNING id",
			    name, zone);
}

void world_make(void)
{
	const struct pg_options options = {.url = getenv("UNBOOK_TEST_PG_URL"), .application = "test"};
	struct err err = {0};

	cr_assert_not_null(options.url, "UNBOOK_TEST_PG_URL is not set");
	world_lease_ms = 60000;
	arena_init(&world.arena, 1024 * 1024);
	ASSERT_OK(pg_open(&options, &world.db, &err), err);
	world_sql("UPDATE mails SET state = 'failed' WHERE state IN ('queued', 'sending', 'unknown')");
	world.parent_id = make_user("Eva", "Europe/Berlin");
	world.teacher_id = make_user("Tom", "America/New_York");
	world.booking_id = world_number(
		"INSERT INTO bookings (parent_id, student_id, teacher_id, title, starts_at, ends_at, amount_minor, currency, "
		"payment_intent, version) VALUES (%lld, %lld, %lld, 'Geige', '2026-12-01T08:30Z', '2026-12-01T09:15Z', 4500, 'EUR', "
		"gen_random_uuid()::text, 2) RETURNING id",
		(long long)world.parent_id, (long long)world.parent_id, (long long)world.teacher_id);
}

void world_end(void)
{
	pg_close(world.db);
	arena_release(&world.arena);
}

int64_t world_mail(enum mail_kind kind, int64_t recipient_id, int64_t version)
{
	return world_number(
		"INSERT INTO mails (booking_id, kind, recipient_id, booking_version, next_try_at) "
		"VALUES (%lld, '%s', %lld, %lld, now()) RETURNING id",
		(long long)world.booking_id, mail_kind_name(kind), (long long)recipient_id,
		(long long)version);
}

const char *world_state(int64_t mail_id)
{
	return world_text("SELECT state FROM mails WHERE id = %lld", (long long)mail_id);
}

struct mail world_claim(void)
{
	const struct mail_claim claim = {.domain = "school.example", .lease_ms = world_lease_ms};
	struct mail mail = {0};
	struct err err = {0};

	ASSERT_OK(mails_claim_booking(world.db, world.booking_id, &claim, &world.arena, &mail, &err), err);
	return mail;
}

struct mail world_sweep(void)
{
	const struct mail_claim claim = {.domain = "school.example", .lease_ms = world_lease_ms};
	struct mail mail = {0};
	struct err err = {0};

	ASSERT_OK(mails_sweep(world.db, &claim, &world.arena, &mail, &err), err);
	return mail;
}

bool world_record(const struct mail *mail, enum mail_state state)
{
	const struct mail_outcome outcome = {.change = {.state = state}, .reply = "250", .wait_ms = 1000};
	struct err err = {0};
	bool recorded = false;

	ASSERT_OK(mails_record(world.db, mail, &outcome, &recorded, &err), err);
	return recorded;
}
