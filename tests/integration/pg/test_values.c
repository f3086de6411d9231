#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "database.h"

TestSuite(pg_values, .init = database_make, .fini = database_drop, .timeout = 30);

static const struct pg_stmt echo = {
	.name = "echo",
	.sql = "SELECT $1::bigint, $2::text, $3::timestamptz, $4::bytea, $5::bigint, $6::timestamptz, $7::text",
	.reads_only = true,
};

Test(pg_values, come_back_as_they_were_sent)
{
	static const char bytes[] = {0, 1, 'x', '\\', (char)255};
	const struct instant at = {1700000000123456};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(0);
	struct pg_args args = {0};
	struct err err = {0};
	struct arena arena;
	const void *back;
	size_t len;

	arena_init(&arena, 4096);
	pg_arg_int(&args, INT64_MIN);
	pg_arg_text(&args, "Zoë's 'quote' \\ \n");
	pg_arg_instant(&args, at);
	pg_arg_bytes(&args, bytes, sizeof(bytes));
	pg_arg_id(&args, 0);
	pg_arg_instant(&args, INSTANT_NONE);
	pg_arg_text(&args, NULL);
	ASSERT_OK(pg_one(pg, &echo, &args, &results, &err), err);
	cr_assert_eq(pg_rows(&results, 0), 1);
	cr_assert_eq(pg_int(&results, 0, 0, 0), INT64_MIN);
	cr_assert_str_eq(pg_text(&results, 0, 0, 1), "Zoë's 'quote' \\ \n");
	cr_assert_eq(pg_instant(&results, 0, 0, 2).us, at.us);
	ASSERT_OK(pg_bytes(&results, 0, 0, 3, &arena, &back, &len, &err), err);
	cr_assert_eq(len, sizeof(bytes));
	cr_assert_arr_eq(back, bytes, sizeof(bytes));
	cr_assert(pg_is_null(&results, 0, 0, 4));
	cr_assert_eq(pg_int(&results, 0, 0, 4), 0);
	cr_assert(instant_is_none(pg_instant(&results, 0, 0, 5)));
	cr_assert(pg_is_null(&results, 0, 0, 6));
	cr_assert_str_eq(pg_text(&results, 0, 0, 6), "");
	cr_assert_null(pg_text_dup(&results, 0, 0, 6, &arena));
	arena_release(&arena);
	pg_close(pg);
}

Test(pg_values, empty_bytes_are_not_null)
{
	static const struct pg_stmt stmt = {"lengths", "SELECT length($1::bytea), $2::bytea IS NULL", true};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(0);
	struct pg_args args = {0};
	struct err err = {0};

	pg_arg_bytes(&args, "", 0);
	pg_arg_bytes(&args, NULL, 0);
	ASSERT_OK(pg_one(pg, &stmt, &args, &results, &err), err);
	cr_assert_str_eq(pg_text(&results, 0, 0, 0), "0");
	cr_assert(pg_bool(&results, 0, 0, 1));
	pg_close(pg);
}

Test(pg_values, bytes_beyond_the_arena_are_refused)
{
	static const struct pg_stmt stmt = {"big", "SELECT decode(repeat('00', 5000), 'hex')", true};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(0);
	struct err err = {0};
	struct arena arena;
	const void *bytes;
	size_t len;

	arena_init(&arena, 1024);
	ASSERT_OK(pg_one(pg, &stmt, NULL, &results, &err), err);
	ASSERT_ERR(pg_bytes(&results, 0, 0, 0, &arena, &bytes, &len, &err), ERR_REJECT, "too_large", err);
	arena_release(&arena);
	pg_close(pg);
}

/* Fractions of every length, the ends of the calendar that rfc3339 knows, and what is no instant. */
Test(pg_values, instants_are_read_whatever_their_fraction)
{
	static const struct pg_stmt stmt = {
		"instants",
		"SELECT t, round(extract(epoch FROM t) * 1000000)::bigint FROM unnest(ARRAY["
		"'2026-11-22 10:00:00+00', '2026-11-22 10:00:00.5+00', "
		"'2024-02-29 23:59:59.999999+00', '1970-01-01 00:00:00.000001+00', "
		"'2026-03-29 01:30:00.12345+00', '9999-12-31 23:59:59+00'"
		"]::timestamptz[]) t",
		true};
	static const struct pg_stmt odd = {
		"odd",
		"SELECT 'infinity'::timestamptz, '-infinity'::timestamptz, '0044-03-15 BC'::timestamptz",
		true};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(0);
	struct err err = {0};

	ASSERT_OK(pg_queue(pg, &stmt, NULL, &err), err);
	ASSERT_OK(pg_queue(pg, &odd, NULL, &err), err);
	ASSERT_OK(pg_run(pg, &results, &err), err);
	cr_assert_eq(pg_rows(&results, 0), 6);
	for (int row = 0; row < 6; row++)
		cr_assert_eq(pg_instant(&results, 0, row, 0).us, pg_int(&results, 0, row, 1), "%s",
			     pg_text(&results, 0, row, 0));
	for (int column = 0; column < 3; column++)
		cr_assert(instant_is_none(pg_instant(&results, 1, 0, column)));
	pg_close(pg);
}

/* Far more than a socket buffer both ways in one batch: a client that only wrote would wait for ever. */
Test(pg_values, large_batches_both_ways_do_not_block)
{
	static const struct pg_stmt stmt = {"repeat", "SELECT $1::text || $1::text", true};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	size_t len = 2 * 1024 * 1024;
	char *big = malloc(len + 1);
	struct pg *pg = database_open(0);
	struct pg_args args = {0};
	struct err err = {0};

	cr_assert_not_null(big);
	memset(big, 'x', len);
	big[len] = '\0';
	pg_arg_text(&args, big);
	for (int i = 0; i < PG_QUEUE_MAX; i++)
		ASSERT_OK(pg_queue(pg, &stmt, &args, &err), err);
	ASSERT_OK(pg_run(pg, &results, &err), err);
	cr_assert_eq(results.count, PG_QUEUE_MAX);
	for (int i = 0; i < PG_QUEUE_MAX; i++)
		cr_assert_eq(strlen(pg_text(&results, i, 0, 0)), 2 * len);
	free(big);
	pg_close(pg);
}
