/* pg_run.c: a batch of statements through the pipeline: send all, one sync, take all answers */
#include <stdlib.h>

#include "pg_private.h"
#include "str.h"

/* What the server owes: for each statement perhaps the answer of its Prepare, then its own. */
struct owed {
	int index;     /* in the queue */
	bool prepares; /* the answer of the Prepare */
};

struct batch {
	struct owed owed[2 * PG_QUEUE_MAX];
	int owed_count;
	int answered;
	bool synced;
	bool unsure_if_lost;  /* the batch commits something that a lost answer leaves in doubt */
	PGresult *failure;    /* the first, owned */
	struct owed failed;   /* which one that was; index -1: the commit at the sync */
	bool commit_answered; /* every COMMIT of the batch */
	struct pg_results results;
};

static bool is_prepared(const struct pg *pg, const struct pg_stmt *stmt)
{
	for (size_t i = 0; i < pg->prepared_count; i++)
		if (pg->prepared[i] == stmt)
			return true;
	return false;
}

/* Room for every statement of a batch, so that remembering cannot fail once the server has them. */
static bool prepared_has_room(struct pg *pg)
{
	size_t cap = pg->prepared_count + 2 * PG_QUEUE_MAX;
	const struct pg_stmt **grown;

	if (pg->prepared_cap >= pg->prepared_count + PG_QUEUE_MAX)
		return true;
	grown = realloc(pg->prepared, cap * sizeof(*grown));
	if (!grown)
		return false;
	pg->prepared = grown;
	pg->prepared_cap = cap;
	return true;
}

static bool is_owed_prepare(const struct batch *batch, const struct pg *pg, const struct pg_stmt *stmt)
{
	for (int i = 0; i < batch->owed_count; i++)
		if (batch->owed[i].prepares && pg->queue[batch->owed[i].index].stmt == stmt)
			return true;
	return false;
}

static bool send_statement(struct pg *pg, struct batch *batch, int index)
{
	const struct pg_queued *queued = &pg->queue[index];
	const struct pg_stmt *stmt = queued->stmt;
	const struct pg_args *args = &queued->args;

	if (!is_prepared(pg, stmt) && !is_owed_prepare(batch, pg, stmt)) {
		if (!PQsendPrepare(pg->conn, stmt->name, stmt->sql, 0, NULL))
			return false;
		batch->owed[batch->owed_count++] = (struct owed){.index = index, .prepares = true};
	}
	batch->owed[batch->owed_count++] = (struct owed){.index = index};
	return PQsendQueryPrepared(pg->conn, stmt->name, args->count, args->values, args->lengths,
				   args->formats, 0);
}

/* Outside a transaction the sync commits what was sent; inside one only COMMIT does. */
static bool commits_something(const struct pg *pg)
{
	bool in_tx = pg->in_tx;

	for (int i = 0; i < pg->queue_count; i++) {
		const struct pg_queued *queued = &pg->queue[i];

		if (queued->step == PG_STEP_COMMIT)
			return true;
		if (queued->step == PG_STEP_BEGIN)
			in_tx = true;
		if (queued->step == PG_STEP_STATEMENT && !in_tx && !queued->stmt->reads_only)
			return true;
	}
	return false;
}

static void note_success(struct pg *pg, struct batch *batch, struct owed owed, PGresult *answer)
{
	const struct pg_queued *queued = &pg->queue[owed.index];

	if (owed.prepares) {
		pg->prepared[pg->prepared_count++] = queued->stmt;
		PQclear(answer);
		return;
	}
	batch->results.answers[owed.index] = answer;
	batch->results.count = owed.index + 1;
	switch (queued->step) {
	case PG_STEP_STATEMENT:
		break;
	case PG_STEP_BEGIN:
		pg->in_tx = true;
		break;
	case PG_STEP_COMMIT:
		pg->in_tx = false;
		batch->commit_answered = str_eq(PQcmdStatus(answer), "COMMIT");
		break;
	case PG_STEP_ROLLBACK:
		pg->in_tx = false;
		break;
	}
}

static void note_failure(struct pg *pg, struct batch *batch, struct owed owed, PGresult *answer)
{
	if (pg_answer_ends_line(answer) || pg_answer_spoils_line(answer))
		pg->broken = true;
	if (batch->failure) {
		PQclear(answer);
		return;
	}
	batch->failure = answer;
	batch->failed = owed;
}

static void take_answer(struct pg *pg, struct batch *batch, PGresult *answer)
{
	ExecStatusType status = PQresultStatus(answer);
	struct owed owed = {.index = -1};

	if (status == PGRES_PIPELINE_SYNC) {
		batch->synced = true;
		PQclear(answer);
		return;
	}
	if (batch->answered < batch->owed_count)
		owed = batch->owed[batch->answered++];
	if (status == PGRES_PIPELINE_ABORTED)
		PQclear(answer);
	else if (owed.index >= 0 && (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK))
		note_success(pg, batch, owed, answer);
	else
		note_failure(pg, batch, owed, answer);
}

static void take_answers(struct pg *pg, struct batch *batch, int64_t deadline_ms)
{
	int empty = 0; /* one NULL parts two answers; more of them mean that nothing will come */

	while (!batch->synced && empty < 3 && pg_wait_answer(pg, deadline_ms)) {
		PGresult *answer = PQgetResult(pg->conn);

		empty = answer ? 0 : empty + 1;
		if (answer)
			take_answer(pg, batch, answer);
	}
	if (!batch->synced)
		pg->broken = true;
}

/* The server said why, and with that also that this batch committed nothing. */
static bool failure_is_certain(const struct pg *pg, const struct batch *batch)
{
	if (!batch->failure || !PQresultErrorField(batch->failure, PG_DIAG_SQLSTATE))
		return false;
	if (!pg_answer_ends_line(batch->failure))
		return true;
	/* A farewell in place of the commit's own answer: it may have committed before it left. */
	return batch->failed.index >= 0 && pg->queue[batch->failed.index].step != PG_STEP_COMMIT;
}

static enum err_kind judge(const struct pg *pg, const struct batch *batch, struct err *err)
{
	const struct pg_queued *last = &pg->queue[pg->queue_count - 1];
	const char *what = "commit";

	if (batch->failed.index >= 0)
		what = pg->queue[batch->failed.index].stmt->name;
	if (failure_is_certain(pg, batch))
		return pg_classify(batch->failure, what, err);
	if (last->step == PG_STEP_COMMIT && batch->commit_answered)
		return ERR_OK; /* even if the line was lost behind it */
	if (last->step == PG_STEP_COMMIT && batch->synced)
		return err_set(err, ERR_REJECT, "pg_sql", "commit of a failed transaction");
	if (batch->synced)
		return ERR_OK;
	if (batch->unsure_if_lost)
		return err_set(err, ERR_UNSURE, "pg_unsure", "line lost while a commit may have happened");
	return err_set(err, ERR_RETRY, "pg_unavailable", "line lost or no answer in time");
}

static enum err_kind run(struct pg *pg, struct batch *batch, struct err *err)
{
	int64_t deadline_ms = deadline_in_ms(pg->call_ms);

	if (!prepared_has_room(pg))
		return err_set(err, ERR_RETRY, "pg_unavailable", "out of memory");
	if (pg->broken || !pg_line_is_alive(pg))
		return err_set(err, ERR_RETRY, "pg_unavailable", "line lost before anything was sent");
	batch->unsure_if_lost = commits_something(pg);
	for (int i = 0; i < pg->queue_count && !pg->broken; i++)
		pg->broken = !send_statement(pg, batch, i);
	if (!pg->broken)
		pg->broken = !PQpipelineSync(pg->conn);
	if (!pg->broken)
		take_answers(pg, batch, deadline_ms);
	return judge(pg, batch, err);
}

enum err_kind pg_run(struct pg *pg, struct pg_results *ret_results, struct err *err)
{
	struct batch batch = {.failed = {.index = -1}};
	enum err_kind kind = ERR_OK;

	*ret_results = PG_RESULTS_NONE;
	if (pg->queue_count)
		kind = run(pg, &batch, err);
	pg->queue_count = 0;
	PQclear(batch.failure);
	if (kind)
		pg_results_release(&batch.results);
	else
		*ret_results = batch.results;
	return kind;
}

enum err_kind pg_one(struct pg *pg, const struct pg_stmt *stmt, const struct pg_args *args,
		     struct pg_results *ret_results, struct err *err)
{
	*ret_results = PG_RESULTS_NONE;
	if (pg_queue(pg, stmt, args, err))
		return err ? err->kind : ERR_REJECT;
	return pg_run(pg, ret_results, err);
}

void pg_rollback(struct pg *pg)
{
	struct pg_results results = PG_RESULTS_NONE;

	pg->queue_count = 0;
	if (!pg->in_tx || pg->broken)
		return;
	if (pg_queue_step(pg, PG_STEP_ROLLBACK, NULL) || pg_run(pg, &results, NULL))
		pg->broken = true;
	pg_results_release(&results);
}

void pg_tx_leave(struct pg **tx)
{
	if (*tx)
		pg_rollback(*tx);
}
