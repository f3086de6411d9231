#include "toy.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>

#include "clock.h"

#define CLAIMED \
	"SET state = 'leased', claims = claims + 1, next_try_at = clock_timestamp() + $1 * interval '1 ms' WHERE "

static const struct pg_stmt claim_one = {
	"toy_claim", "UPDATE toys " CLAIMED "id = $2 AND state = 'open' RETURNING id", false};
static const struct pg_stmt is_there = {"toy_is_there", "SELECT 1 FROM toys WHERE id = $1", true};
static const struct pg_stmt sweep_one = {
	"toy_sweep",
	"UPDATE toys " CLAIMED
	"id = (SELECT id FROM toys WHERE state <> 'done' AND next_try_at <= clock_timestamp()"
	" ORDER BY next_try_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) RETURNING id",
	false};
static const struct pg_stmt record_one = {
	"toy_record", "UPDATE toys SET state = 'done', done = done + 1 WHERE id = $1 AND state = 'leased'",
	false};

static int64_t admit_ms(void *context)
{
	struct toy *toy = context;
	int in_use = atomic_load(&toy->admitted) - atomic_load(&toy->unadmitted);
	int wait_ms = toy->units && in_use >= toy->units ? 50 : atomic_load(&toy->wait_ms);

	if (!wait_ms)
		atomic_fetch_add(&toy->admitted, 1);
	return wait_ms;
}

static void unadmit(void *context)
{
	atomic_fetch_add(&((struct toy *)context)->unadmitted, 1);
}

static enum err_kind keep(const struct pg_results *results, struct job *job)
{
	if (pg_rows(results, 0) == 1) {
		job->label = pg_text_dup(results, 0, 0, 0, job->arena);
		job->booking_id = pg_int(results, 0, 0, 0);
		job->work = job;
	}
	return ERR_OK;
}

static enum err_kind claim(void *context, struct pg *db, const struct event *event, struct job *job,
			   struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE, found = PG_RESULTS_NONE;
	const struct toy *toy = context;
	struct pg_args args = {0}, id = {0};
	enum err_kind kind;

	pg_arg_int(&args, toy->lease_ms);
	pg_arg_int(&args, event->booking_id);
	kind = pg_one(db, &claim_one, &args, &results, err);
	if (kind || pg_rows(&results, 0))
		return kind ? kind : keep(&results, job);
	pg_arg_int(&id, event->booking_id);
	kind = pg_one(db, &is_there, &id, &found, err);
	if (kind || pg_rows(&found, 0))
		return kind;
	return err_set(err, ERR_REJECT, "unknown_row", "toy %" PRId64, event->booking_id);
}

static enum err_kind sweep(void *context, struct pg *db, struct job *job, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	const struct toy *toy = context;
	struct pg_args args = {0};
	enum err_kind kind;

	pg_arg_int(&args, toy->lease_ms);
	kind = pg_one(db, &sweep_one, &args, &results, err);
	return kind ? kind : keep(&results, job);
}

static void pass_the_gate(struct toy *toy)
{
	int inside = atomic_fetch_add(&toy->inside, 1) + 1;

	monitor_lock(&toy->monitor);
	if (inside > atomic_load(&toy->most_inside))
		atomic_store(&toy->most_inside, inside);
	while (toy->is_held)
		monitor_wait(&toy->monitor, deadline_in_ms(1000));
	monitor_unlock(&toy->monitor);
	atomic_fetch_sub(&toy->inside, 1);
}

static enum err_kind perform(void *context, struct pg_pool *pool, const struct job *job, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct toy *toy = context;
	struct pg_args args = {0};
	struct pg *db = NULL;
	enum err_kind kind;

	pass_the_gate(toy);
	kind = pg_pool_take(pool, 3000, &db, err);
	if (kind)
		return kind;
	pg_arg_int(&args, job->booking_id);
	kind = pg_one(db, &record_one, &args, &results, err);
	pg_pool_give(pool, db);
	if (!kind && toy->outcome)
		kind = err_set(err, toy->outcome, "toy_outcome", "as told");
	return kind;
}

void toy_init(struct toy *toy)
{
	*toy = (struct toy){.lease_ms = 60000};
	monitor_init(&toy->monitor);
	rig_sql("CREATE TABLE toys (id bigint PRIMARY KEY, state text NOT NULL DEFAULT 'open', claims int NOT NULL DEFAULT 0,"
		" done int NOT NULL DEFAULT 0, next_try_at timestamptz NOT NULL)");
}

void toy_hold(struct toy *toy, bool held)
{
	monitor_lock(&toy->monitor);
	toy->is_held = held;
	monitor_wake(&toy->monitor);
	monitor_unlock(&toy->monitor);
}

void toy_make(int count, bool due)
{
	char sql[256];

	snprintf(
		sql, sizeof(sql),
		"INSERT INTO toys (id, next_try_at) SELECT n, clock_timestamp() + interval '%s' FROM generate_series(1, %d) n",
		due ? "0" : "1 hour", count);
	rig_sql(sql);
}

struct worker *toy_worker(struct toy *toy, const struct toy_worker *options)
{
	static const char *const topics[] = {"unbook.checkouts", NULL};
	const struct worker_handler handler = {.name = "toy",
					       .context = toy,
					       .topics = options->deaf ? NULL : topics,
					       .admit_ms = admit_ms,
					       .unadmit = unadmit,
					       .claim = claim,
					       .sweep = sweep,
					       .perform = perform};
	const struct worker_options how = {.group = "toys",
					   .kafka_bootstrap = options->deaf        ? NULL
							      : options->bootstrap ? options->bootstrap
										   : rig.bootstrap,
					   .topic_prefix = rig.prefix,
					   .slots = options->slots ? options->slots : 8,
					   .sweep_ms = options->sweep_ms ? options->sweep_ms : 50,
					   .pg_url = options->pg_url ? options->pg_url : database_url,
					   .db = rig.pool,
					   .relay = options->relay};
	struct worker *worker = NULL;
	struct err err = {0};

	ASSERT_OK(worker_open(&how, &handler, 1, &worker, &err), err);
	return worker;
}

void toy_worker_close(struct worker *worker)
{
	cr_assert(worker_close(worker, deadline_in_ms(RIG_WAIT_MS)));
}
