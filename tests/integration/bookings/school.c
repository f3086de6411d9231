#include "school.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct school school;

struct pg *school_connect(int64_t call_ms)
{
	const char *url = getenv("UNBOOK_TEST_PG_URL");

	cr_assert_not_null(url, "UNBOOK_TEST_PG_URL is not set");
	return database_open_at(url, call_ms);
}

char *school_text(const char *fmt, ...)
{
	char *text = arena_alloc(&school.arena, 4096);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, 4096, fmt, args);
	va_end(args);
	return text;
}

int64_t school_int(const char *sql)
{
	static int count;
	struct pg_stmt *stmt =
		arena_alloc(&school.arena, sizeof *stmt); /* prepared once, so it must outlive this call */
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct err err = {0};

	*stmt = (struct pg_stmt){school_text("school_%d", count++), sql, true};
	ASSERT_OK(pg_one(school.pg, stmt, NULL, &results, &err), err);
	return pg_int(&results, 0, 0, 0);
}

void school_run(const char *sql)
{
	database_script(school.pg, sql);
}

static int64_t person(const char *name)
{
	return school_int(
		school_text("INSERT INTO users (subject, display_name, email) VALUES"
			    " ('%s-' || gen_random_uuid(), '%s', '%s@families.example') RETURNING id",
			    name, name, name));
}

void school_open(void)
{
	arena_init(&school.arena, 16 << 20);
	school.pg = school_connect(0);
	school.parent = person("Petra");
	school.student = person("Stu");
	school.teacher = person("Tom");
	school.stranger = person("Ann");
}

void school_close(void)
{
	pg_close(school.pg);
	arena_release(&school.arena);
}

int64_t school_booking(const char *starts_in)
{
	int64_t id = school_int(school_text(
		"INSERT INTO bookings (parent_id, student_id, teacher_id, title, starts_at, ends_at, status, amount_minor,"
		" currency, stripe_session_id, paid_at) SELECT %lld, %lld, %lld, 'Algebra', at, at + interval '1 hour', 1,"
		" 4500, 'EUR', 'cs_' || gen_random_uuid(), clock_timestamp() FROM (SELECT clock_timestamp() + interval '%s' AS at) t"
		" RETURNING id",
		(long long)school.parent, (long long)school.student, (long long)school.teacher, starts_in));

	SCHOOL_SQL("INSERT INTO payments (payment_intent, booking_id, amount_minor, currency, captured_at)"
		   " VALUES ('pi_%lld', %lld, 4500, 'EUR', now());"
		   "UPDATE bookings SET payment_intent = 'pi_%lld' WHERE id = %lld",
		   (long long)id, (long long)id, (long long)id, (long long)id);
	return id;
}

struct bookings_reader school_parent(void)
{
	return (struct bookings_reader){school.parent, false};
}
