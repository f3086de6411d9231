#include <criterion/criterion.h>

#include "database.h"

static void make_tables(void)
{
	struct pg *pg;

	database_make();
	pg = database_open(0);
	database_script(
		pg, "CREATE EXTENSION IF NOT EXISTS btree_gist;"
		    "CREATE TABLE a (id bigint PRIMARY KEY, n int CONSTRAINT n_is_positive CHECK (n > 0), "
		    "ref bigint CONSTRAINT late UNIQUE DEFERRABLE INITIALLY DEFERRED, "
		    "during int4range, CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&))");
	pg_close(pg);
}

TestSuite(pg_run, .init = make_tables, .fini = database_drop, .timeout = 30);

static const struct pg_stmt put = {.name = "put", .sql = "INSERT INTO a (id, n) VALUES ($1, $2)"};
static const struct pg_stmt put_late = {.name = "put_late", .sql = "INSERT INTO a (id, ref) VALUES ($1, 7)"};
static const struct pg_stmt put_range = {.name = "put_range",
					 .sql = "INSERT INTO a (id, during) VALUES ($1, int4range(1, 10))"};
static const struct pg_stmt all = {.name = "all", .sql = "SELECT id FROM a ORDER BY id", .reads_only = true};
static const struct pg_stmt nonsense = {.name = "nonsense", .sql = "SELECT nothing FROM nowhere"};

static void queue_put(struct pg *pg, int64_t id, int64_t n)
{
	struct pg_args args = {0};
	struct err err = {0};

	pg_arg_int(&args, id);
	pg_arg_int(&args, n);
	ASSERT_OK(pg_queue(pg, &put, &args, &err), err);
}

static void queue_id(struct pg *pg, const struct pg_stmt *stmt, int64_t id)
{
	struct pg_args args = {0};
	struct err err = {0};

	pg_arg_int(&args, id);
	ASSERT_OK(pg_queue(pg, stmt, &args, &err), err);
}

Test(pg_run, a_transaction_takes_two_runs)
{
	struct pg *pg = database_open(0);
	struct err err = {0};

	{
		PG_TX_SCOPE struct pg *tx = pg;
		PG_RESULTS_SCOPE struct pg_results first = PG_RESULTS_NONE;
		PG_RESULTS_SCOPE struct pg_results second = PG_RESULTS_NONE;

		ASSERT_OK(pg_queue_begin(tx, &err), err);
		ASSERT_OK(pg_queue(tx, &all, NULL, &err), err);
		ASSERT_OK(pg_run(tx, &first, &err), err);
		cr_assert_eq(first.count, 2);
		cr_assert_eq(pg_rows(&first, 1), 0);
		queue_put(tx, 1, 1);
		queue_put(tx, 2, 1);
		ASSERT_OK(pg_queue_commit(tx, &err), err);
		ASSERT_OK(pg_run(tx, &second, &err), err);
		cr_assert_eq(second.count, 3);
		cr_assert_eq(pg_affected(&second, 0), 1);
	}
	cr_assert_eq(database_count("SELECT count(*) FROM a"), 2);
	pg_close(pg);
}

Test(pg_run, what_was_not_committed_is_rolled_back_when_it_leaves_scope)
{
	struct pg *pg = database_open(0);
	struct err err = {0};

	{
		PG_TX_SCOPE struct pg *tx = pg;
		PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;

		ASSERT_OK(pg_queue_begin(tx, &err), err);
		queue_put(tx, 1, 1);
		ASSERT_OK(pg_run(tx, &results, &err), err);
		queue_put(tx, 2, 1); /* and what is only queued is forgotten */
	}
	cr_assert_eq(database_count("SELECT count(*) FROM a"), 0);
	cr_assert_eq(
		database_count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
			       "AND state LIKE 'idle in transaction%'"),
		0);
	cr_assert_not(pg_is_broken(pg));
	pg_close(pg);
}

Test(pg_run, an_error_in_the_middle_undoes_the_whole_batch_and_the_line_stays_good)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(0);
	struct err err = {0};

	queue_put(pg, 1, 1);
	queue_put(pg, 1, 1);
	queue_put(pg, 2, 1);
	ASSERT_ERR(pg_run(pg, &results, &err), ERR_REJECT, "pg_unique", err);
	cr_assert_str_eq(err.msg, "put: a_pkey");
	cr_assert_eq(results.count, 0);
	cr_assert_not(pg_is_broken(pg));
	cr_assert_eq(database_count("SELECT count(*) FROM a"), 0);
	queue_put(pg, 1, 1);
	ASSERT_OK(pg_run(pg, &results, &err), err);
	cr_assert_eq(database_count("SELECT count(*) FROM a"), 1);
	pg_close(pg);
}

Test(pg_run, an_error_inside_a_transaction_skips_its_commit)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(0);
	struct err err = {0};

	ASSERT_OK(pg_queue_begin(pg, &err), err);
	queue_put(pg, 1, 1);
	queue_put(pg, 2, -1);
	ASSERT_OK(pg_queue_commit(pg, &err), err);
	ASSERT_ERR(pg_run(pg, &results, &err), ERR_REJECT, "pg_check", err);
	cr_assert_str_eq(err.msg, "put: n_is_positive");
	pg_rollback(pg);
	cr_assert_eq(database_count("SELECT count(*) FROM a"), 0);
	queue_put(pg, 3, 1);
	ASSERT_OK(pg_run(pg, &results, &err), err);
	cr_assert_eq(database_count("SELECT count(*) FROM a"), 1);
	pg_close(pg);
}

/* PostgreSQL answers ROLLBACK to the COMMIT of a failed transaction, without any error. */
Test(pg_run, a_commit_that_was_a_rollback_is_an_error)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(0);
	struct err err = {0};

	ASSERT_OK(pg_queue_begin(pg, &err), err);
	queue_put(pg, 1, -1);
	ASSERT_ERR(pg_run(pg, &results, &err), ERR_REJECT, "pg_check", err);
	ASSERT_OK(pg_queue_commit(pg, &err), err);
	ASSERT_ERR(pg_run(pg, &results, &err), ERR_REJECT, "pg_sql", err);
	cr_assert_eq(database_count("SELECT count(*) FROM a"), 0);
	queue_put(pg, 1, 1);
	ASSERT_OK(pg_run(pg, &results, &err), err);
	pg_close(pg);
}

Test(pg_run, constraints_have_kinds_of_their_own)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(0);
	struct err err = {0};

	queue_id(pg, &put_range, 1);
	queue_id(pg, &put_range, 2);
	ASSERT_ERR(pg_run(pg, &results, &err), ERR_REJECT, "pg_exclusion", err);
	cr_assert_str_eq(err.msg, "put_range: no_overlap");
	/* Checked only at the commit, of a transaction and of a bare batch. */
	queue_id(pg, &put_late, 1);
	queue_id(pg, &put_late, 2);
	ASSERT_ERR(pg_run(pg, &results, &err), ERR_REJECT, "pg_unique", err);
	cr_assert_str_eq(err.msg, "commit: late");
	ASSERT_OK(pg_queue_begin(pg, &err), err);
	queue_id(pg, &put_late, 1);
	queue_id(pg, &put_late, 2);
	ASSERT_OK(pg_queue_commit(pg, &err), err);
	ASSERT_ERR(pg_run(pg, &results, &err), ERR_REJECT, "pg_unique", err);
	cr_assert_str_eq(err.msg, "pg_commit: late");
	pg_rollback(pg);
	ASSERT_OK(pg_one(pg, &all, NULL, &results, &err), err);
	cr_assert_eq(pg_rows(&results, 0), 0);
	pg_close(pg);
}

Test(pg_run, a_statement_that_could_not_be_prepared_is_prepared_again)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(0);
	struct err err = {0};

	for (int i = 0; i < 2; i++)
		ASSERT_ERR(pg_one(pg, &nonsense, NULL, &results, &err), ERR_REJECT, "pg_sql", err);
	database_script(pg, "CREATE TABLE nowhere (nothing int)");
	ASSERT_OK(pg_one(pg, &nonsense, NULL, &results, &err), err);
	pg_close(pg);
}

/* A statement behind a failed one was skipped, its Prepare too. */
Test(pg_run, a_prepare_that_was_skipped_is_sent_again)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(0);
	struct err err = {0};

	ASSERT_OK(pg_queue(pg, &nonsense, NULL, &err), err);
	ASSERT_OK(pg_queue(pg, &all, NULL, &err), err);
	ASSERT_ERR(pg_run(pg, &results, &err), ERR_REJECT, "pg_sql", err);
	ASSERT_OK(pg_one(pg, &all, NULL, &results, &err), err);
	pg_close(pg);
}

/* "cached plan must not change result type": another connection plans it anew. */
Test(pg_run, a_plan_that_a_migration_outdated_asks_for_another_connection)
{
	static const struct pg_stmt star = {.name = "star", .sql = "SELECT * FROM a", .reads_only = true};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(0);
	struct err err = {0};

	ASSERT_OK(pg_one(pg, &star, NULL, &results, &err), err);
	pg_results_release(&results);
	database_script(pg, "ALTER TABLE a ADD COLUMN more int");
	ASSERT_ERR(pg_one(pg, &star, NULL, &results, &err), ERR_RETRY, "pg_unavailable", err);
	cr_assert(pg_is_broken(pg));
	pg_close(pg);
}

Test(pg_run, a_queue_that_is_full_is_refused)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(0);
	struct err err = {0};

	for (int i = 0; i < PG_QUEUE_MAX; i++)
		ASSERT_OK(pg_queue(pg, &all, NULL, &err), err);
	ASSERT_ERR(pg_queue(pg, &all, NULL, &err), ERR_REJECT, "pg_sql", err);
	ASSERT_OK(pg_run(pg, &results, &err), err);
	cr_assert_eq(results.count, PG_QUEUE_MAX);
	pg_results_release(&results);
	ASSERT_OK(pg_run(pg, &results, &err), err);
	cr_assert_eq(results.count, 0);
	pg_close(pg);
}

Test(pg_run, a_script_that_fails_leaves_nothing_open)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(0);
	struct err err = {0};

	ASSERT_ERR(pg_script(pg, "BEGIN; INSERT INTO a (id) VALUES (1); SELECT nope", 5000, &err), ERR_REJECT,
		   "pg_sql", err);
	cr_assert_not(pg_is_broken(pg));
	cr_assert_eq(database_count("SELECT count(*) FROM a"), 0);
	queue_put(pg, 1, 1);
	ASSERT_OK(pg_run(pg, &results, &err), err);
	ASSERT_ERR(pg_script(pg, "SELECT pg_sleep(60)", 2000, &err), ERR_RETRY, "pg_timeout", err);
	pg_close(pg);
}
