#include <criterion/criterion.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include "clock.h"
#include "database.h"

static void make_table(void)
{
	struct pg *pg;

	database_make();
	pg = database_open(0);
	database_script(pg, "CREATE TABLE a (id bigint PRIMARY KEY, n bigint); INSERT INTO a VALUES (0, 0)");
	pg_close(pg);
}

TestSuite(pg_pool, .init = make_table, .fini = database_drop, .timeout = 60);

static const struct pg_stmt whoami = {.name = "whoami", .sql = "SELECT pg_backend_pid()", .reads_only = true};
static const struct pg_stmt add = {.name = "add", .sql = "UPDATE a SET n = n + 1 WHERE id = 0"};

static struct pg_pool *open_pool(int size)
{
	static char name[32]; /* the options are borrowed */
	struct pg_options options = {.url = database_url, .application = name, .call_ms = 20000};
	struct pg_pool *pool;
	struct err err = {0};

	snprintf(name, sizeof name, "pool of %d", size);
	ASSERT_OK(pg_pool_open(&options, size, &pool, &err), err);
	return pool;
}

static struct pg *take(struct pg_pool *pool)
{
	struct err err = {0};
	struct pg *pg;

	ASSERT_OK(pg_pool_take(pool, 1000, &pg, &err), err);
	return pg;
}

static int64_t backend_of(struct pg *pg)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct err err = {0};

	ASSERT_OK(pg_one(pg, &whoami, NULL, &results, &err), err);
	return pg_int(&results, 0, 0, 0);
}

Test(pg_pool, a_bad_url_is_found_before_anybody_connects)
{
	struct pg_options options = {.url = "nonsense://"};
	struct pg_pool *pool;
	struct err err = {0};

	ASSERT_ERR(pg_pool_open(&options, 2, &pool, &err), ERR_FATAL, "pg_config", err);
	pg_pool_close(NULL);
}

Test(pg_pool, an_empty_pool_is_busy_after_the_wait)
{
	struct pg_pool *pool = open_pool(2);
	struct pg *first = take(pool);
	struct pg *second = take(pool);
	int64_t began_ms = deadline_in_ms(0);
	struct err err = {0};
	struct pg *third;

	ASSERT_ERR(pg_pool_take(pool, 100, &third, &err), ERR_RETRY, "pg_busy", err);
	cr_assert_geq(deadline_in_ms(0) - began_ms, 100);
	pg_pool_give(pool, first);
	third = take(pool);
	cr_assert_eq(third, first);
	pg_pool_give(pool, second);
	pg_pool_give(pool, third);
	pg_pool_close(pool);
}

Test(pg_pool, what_was_left_open_is_rolled_back_when_given_back)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_pool *pool = open_pool(1);
	struct pg *pg = take(pool);
	struct err err = {0};

	ASSERT_OK(pg_queue_begin(pg, &err), err);
	ASSERT_OK(pg_queue(pg, &add, NULL, &err), err);
	ASSERT_OK(pg_run(pg, &results, &err), err);
	pg_pool_give(pool, pg);
	cr_assert_eq(database_count("SELECT n FROM a"), 0);
	pg_pool_close(pool);
}

Test(pg_pool, a_killed_connection_is_replaced)
{
	struct pg_pool *pool = open_pool(1);
	struct pg *pg = take(pool);
	int64_t backend = backend_of(pg);
	char sql[128];

	pg_pool_give(pool, pg);
	snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%" PRId64 ", 5000)::int", backend);
	cr_assert_eq(database_count(sql), 1);
	pg = take(pool);
	cr_assert_neq(backend_of(pg), backend);
	pg_pool_give(pool, pg);
	pg_pool_close(pool);
}

/* All places must come back when the server refuses: then it is asked again, and again. */
Test(pg_pool, failing_to_connect_gives_the_place_back)
{
	struct pg_options options = {.url = "postgresql://x@127.0.0.1:1/x", .connect_ms = 500};
	struct pg_pool *pool;
	struct err err = {0};
	struct pg *pg;

	ASSERT_OK(pg_pool_open(&options, 1, &pool, &err), err);
	for (int i = 0; i < 3; i++)
		ASSERT_ERR(pg_pool_take(pool, 100, &pg, &err), ERR_RETRY, "pg_unavailable", err);
	pg_pool_close(pool);
}

static void *add_often(void *arg)
{
	struct pg_pool *pool = arg;

	for (int i = 0; i < 50; i++) {
		PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
		struct err err = {0};
		struct pg *pg;

		ASSERT_OK(pg_pool_take(pool, 20000, &pg, &err), err);
		ASSERT_OK(pg_one(pg, &add, NULL, &results, &err), err);
		pg_pool_give(pool, pg);
	}
	return NULL;
}

Test(pg_pool, eight_threads_share_three_connections)
{
	struct pg_pool *pool = open_pool(3);
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, add_often, pool), 0);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	cr_assert_eq(database_count("SELECT n FROM a"), 400);
	/* Backends of an earlier test may still be on their way out. */
	cr_assert_leq(
		database_count("SELECT count(*) FROM pg_stat_activity"
			       " WHERE datname = current_database() AND application_name = 'pool of 3'"),
		3);
	pg_pool_close(pool);
}
