#include "database.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

char database_url[512];
static char database_name[64];

static const char *server_url(void)
{
	const char *url = getenv("UNBOOK_TEST_PG_URL");

	cr_assert_not_null(url, "UNBOOK_TEST_PG_URL is not set");
	return url;
}

/* The same url with another database: what stands between the last slash and the question mark. */
static void name_database(void)
{
	const char *url = server_url();
	size_t end = strcspn(url, "?");
	size_t slash = end;

	while (slash > 0 && url[slash - 1] != '/')
		slash--;
	snprintf(database_name, sizeof(database_name), "io_%d_%" PRId64, (int)getpid(),
		 clock_system()->now(clock_system()).us);
	snprintf(database_url, sizeof(database_url), "%.*s%s%s", (int)slash, url, database_name, url + end);
}

struct pg *database_open_at(const char *url, int64_t call_ms)
{
	struct pg_options options = {.url = url, .application = "test", .call_ms = call_ms};
	struct err err = {0};
	struct pg *pg;

	ASSERT_OK(pg_open(&options, &pg, &err), err);
	return pg;
}

struct pg *database_open(int64_t call_ms)
{
	return database_open_at(database_url, call_ms);
}

void database_script(struct pg *pg, const char *sql)
{
	struct err err = {0};

	ASSERT_OK(pg_script(pg, sql, 30000, &err), err);
}

static void on_server(const char *before, const char *after)
{
	struct pg *pg = database_open_at(server_url(), 0);
	char sql[256];

	snprintf(sql, sizeof(sql), "%s %s %s", before, database_name, after);
	database_script(pg, sql);
	pg_close(pg);
}

void database_make(void)
{
	name_database();
	on_server("CREATE DATABASE", "");
}

void database_drop(void)
{
	on_server("DROP DATABASE", "WITH (FORCE)");
}

int64_t database_count(const char *sql)
{
	struct pg_stmt stmt = {.name = "count", .sql = sql, .reads_only = true};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(0);
	struct err err = {0};
	int64_t count;

	ASSERT_OK(pg_one(pg, &stmt, NULL, &results, &err), err);
	count = pg_int(&results, 0, 0, 0);
	pg_close(pg);
	return count;
}
