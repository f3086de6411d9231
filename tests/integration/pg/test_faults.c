#include <criterion/criterion.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "database.h"
#include "tap.h"

static void make_table(void)
{
	struct pg *pg;

	database_make();
	pg = database_open(0);
	database_script(pg, "CREATE TABLE a (id bigint PRIMARY KEY); INSERT INTO a VALUES (0)");
	pg_close(pg);
}

TestSuite(pg_faults, .init = make_table, .fini = database_drop, .timeout = 60);

static const struct pg_stmt put = {.name = "put", .sql = "INSERT INTO a VALUES (1)"};
static const struct pg_stmt look = {.name = "look", .sql = "SELECT count(*) FROM a", .reads_only = true};
static const struct pg_stmt lock = {.name = "lock", .sql = "SELECT 1 FROM a WHERE id = 0 FOR NO KEY UPDATE"};
static const struct pg_stmt sleep_long = {.name = "sleep_long", .sql = "SELECT pg_sleep(60)"};
static const struct pg_stmt whoami = {.name = "whoami", .sql = "SELECT pg_backend_pid()", .reads_only = true};

static int64_t backend_of(struct pg *pg)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct err err = {0};

	ASSERT_OK(pg_one(pg, &whoami, NULL, &results, &err), err);
	return pg_int(&results, 0, 0, 0);
}

/* Returns when the backend is gone. */
static void terminate(int64_t backend)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%" PRId64 ", 5000)::int", backend);
	cr_assert_eq(database_count(sql), 1);
}

static enum err_kind put_in_transaction(struct pg *pg, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;

	ASSERT_OK(pg_queue_begin(pg, err), *err);
	ASSERT_OK(pg_queue(pg, &put, NULL, err), *err);
	ASSERT_OK(pg_queue_commit(pg, err), *err);
	return pg_run(pg, &results, err);
}

Test(pg_faults, a_black_hole_ends_connecting_at_the_deadline)
{
	int port;
	int listener = black_hole_open(&port);
	char url[64];
	struct pg_options options = {.url = url, .application = "test", .connect_ms = 300};
	int64_t began_ms = deadline_in_ms(0);
	struct err err = {0};
	struct pg *pg;

	snprintf(url, sizeof(url), "postgresql://nobody@127.0.0.1:%d/none", port);
	ASSERT_ERR(pg_open(&options, &pg, &err), ERR_RETRY, "pg_unavailable", err);
	cr_assert_lt(deadline_in_ms(0) - began_ms, 2000);
	cr_assert_geq(deadline_in_ms(0) - began_ms, 300);
	close(listener);
}

Test(pg_faults, a_silent_line_ends_a_read_at_the_deadline_and_is_never_used_again)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct tap *tap = tap_open();
	struct pg *pg = database_open_at(tap_url(tap), 300);
	int64_t began_ms;
	struct err err = {0};

	tap_set(tap, TAP_STALLS);
	began_ms = deadline_in_ms(0);
	ASSERT_ERR(pg_one(pg, &look, NULL, &results, &err), ERR_RETRY, "pg_unavailable", err);
	cr_assert_lt(deadline_in_ms(0) - began_ms, 2000);
	cr_assert(pg_is_broken(pg));
	tap_set(tap, TAP_PASSES);
	ASSERT_ERR(pg_one(pg, &look, NULL, &results, &err), ERR_RETRY, "pg_unavailable", err);
	pg_close(pg);
	tap_close(tap);
}

Test(pg_faults, a_silent_line_leaves_a_write_unsure)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct tap *tap = tap_open();
	struct pg *pg = database_open_at(tap_url(tap), 300);
	struct err err = {0};

	tap_set(tap, TAP_STALLS);
	ASSERT_ERR(pg_one(pg, &put, NULL, &results, &err), ERR_UNSURE, "pg_unsure", err);
	pg_close(pg);
	tap_close(tap);
}

/* Inside an open transaction nothing is in doubt until its commit is sent. */
Test(pg_faults, a_silent_line_before_the_commit_happened_to_nobody)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct tap *tap = tap_open();
	struct pg *pg = database_open_at(tap_url(tap), 300);
	struct err err = {0};

	ASSERT_OK(pg_queue_begin(pg, &err), err);
	ASSERT_OK(pg_run(pg, &results, &err), err);
	pg_results_release(&results);
	tap_set(tap, TAP_STALLS);
	ASSERT_ERR(pg_one(pg, &put, NULL, &results, &err), ERR_RETRY, "pg_unavailable", err);
	pg_rollback(pg);
	pg_close(pg);
	tap_close(tap);
}

Test(pg_faults, a_commit_without_its_answer_is_unsure_and_was_committed)
{
	struct tap *tap = tap_open();
	struct pg *pg = database_open_at(tap_url(tap), 5000);
	struct err err = {0};

	tap_set(tap, TAP_CUTS_AFTER_COMMIT);
	ASSERT_ERR(put_in_transaction(pg, &err), ERR_UNSURE, "pg_unsure", err);
	cr_assert(pg_is_broken(pg));
	cr_assert_eq(database_count("SELECT count(*) FROM a WHERE id = 1"), 1);
	pg_close(pg);
	tap_close(tap);
}

Test(pg_faults, a_commit_that_never_arrived_is_unsure_and_was_not_committed)
{
	struct tap *tap = tap_open();
	struct pg *pg = database_open_at(tap_url(tap), 5000);
	struct err err = {0};

	tap_set(tap, TAP_CUTS_BEFORE_COMMIT);
	ASSERT_ERR(put_in_transaction(pg, &err), ERR_UNSURE, "pg_unsure", err);
	cr_assert_eq(database_count("SELECT count(*) FROM a WHERE id = 1"), 0);
	pg_close(pg);
	tap_close(tap);
}

Test(pg_faults, a_backend_killed_while_idle_is_noticed_before_anything_is_sent)
{
	struct pg *pg = database_open(0);
	struct err err = {0};

	terminate(backend_of(pg));
	ASSERT_ERR(put_in_transaction(pg, &err), ERR_RETRY, "pg_unavailable", err);
	cr_assert(pg_is_broken(pg));
	cr_assert_eq(database_count("SELECT count(*) FROM a WHERE id = 1"), 0);
	pg_close(pg);
}

Test(pg_faults, a_backend_killed_inside_a_transaction_is_no_doubt)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(0);
	struct err err = {0};
	int64_t backend = backend_of(pg);

	ASSERT_OK(pg_queue_begin(pg, &err), err);
	ASSERT_OK(pg_queue(pg, &put, NULL, &err), err);
	ASSERT_OK(pg_run(pg, &results, &err), err);
	pg_results_release(&results);
	terminate(backend);
	ASSERT_OK(pg_queue_commit(pg, &err), err);
	ASSERT_ERR(pg_run(pg, &results, &err), ERR_RETRY, "pg_unavailable", err);
	pg_rollback(pg);
	cr_assert_eq(database_count("SELECT count(*) FROM a WHERE id = 1"), 0);
	pg_close(pg);
}

struct killer {
	pthread_t thread;
	int64_t backend;
	char watch[256];
};

/* Waits until the victim is at its long statement. */
static void *kill_at_work(void *arg)
{
	struct killer *killer = arg;
	int64_t deadline_ms = deadline_in_ms(10000);

	while (database_count(killer->watch) == 0)
		cr_assert_gt(deadline_left_ms(deadline_ms), 0);
	terminate(killer->backend);
	return NULL;
}

/* The server's farewell comes in place of a statement's answer, before the commit's turn. */
Test(pg_faults, a_backend_killed_in_the_middle_of_a_batch_committed_nothing)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(0);
	struct killer killer = {.backend = backend_of(pg)};
	struct err err = {0};

	snprintf(killer.watch, sizeof(killer.watch),
		 "SELECT count(*) FROM pg_stat_activity WHERE pid = %" PRId64 " AND wait_event = 'PgSleep'",
		 killer.backend);
	ASSERT_OK(pg_queue_begin(pg, &err), err);
	ASSERT_OK(pg_queue(pg, &put, NULL, &err), err);
	ASSERT_OK(pg_queue(pg, &sleep_long, NULL, &err), err);
	ASSERT_OK(pg_queue_commit(pg, &err), err);
	cr_assert_eq(pthread_create(&killer.thread, NULL, kill_at_work, &killer), 0);
	ASSERT_ERR(pg_run(pg, &results, &err), ERR_RETRY, "pg_unavailable", err);
	pthread_join(killer.thread, NULL);
	cr_assert(pg_is_broken(pg));
	cr_assert_eq(database_count("SELECT count(*) FROM a WHERE id = 1"), 0);
	pg_close(pg);
}

Test(pg_faults, a_lock_that_is_not_given_up_is_a_conflict)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *owner = database_open(0);
	struct pg *waiter = database_open(600);
	struct err err = {0};

	ASSERT_OK(pg_queue_begin(owner, &err), err);
	ASSERT_OK(pg_queue(owner, &lock, NULL, &err), err);
	ASSERT_OK(pg_run(owner, &results, &err), err);
	pg_results_release(&results);
	ASSERT_ERR(pg_one(waiter, &lock, NULL, &results, &err), ERR_RETRY, "pg_conflict", err);
	cr_assert_not(pg_is_broken(waiter));
	pg_rollback(owner);
	ASSERT_OK(pg_one(waiter, &lock, NULL, &results, &err), err);
	pg_close(owner);
	pg_close(waiter);
}

Test(pg_faults, a_statement_that_takes_too_long_is_ended_by_the_server_first)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(500);
	struct err err = {0};

	ASSERT_ERR(pg_one(pg, &sleep_long, NULL, &results, &err), ERR_RETRY, "pg_timeout", err);
	cr_assert_not(pg_is_broken(pg));
	ASSERT_OK(pg_one(pg, &look, NULL, &results, &err), err);
	pg_close(pg);
}
