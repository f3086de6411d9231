/* pg_queue.c: what the next pg_run will send */
#include <string.h>

#include "pg_private.h"

static const struct pg_stmt transaction_stmts[] = {
	[PG_STEP_BEGIN] = {.name = "pg_begin", .sql = "BEGIN"},
	[PG_STEP_COMMIT] = {.name = "pg_commit", .sql = "COMMIT"},
	[PG_STEP_ROLLBACK] = {.name = "pg_rollback", .sql = "ROLLBACK"},
};

static enum err_kind queue(struct pg *pg, enum pg_step step, const struct pg_stmt *stmt, struct err *err)
{
	struct pg_queued *queued;

	if (pg->queue_count == PG_QUEUE_MAX)
		return err_set(err, ERR_REJECT, "pg_sql", "%s: more than %d statements", stmt->name,
			       PG_QUEUE_MAX);
	queued = &pg->queue[pg->queue_count++];
	queued->step = step;
	queued->stmt = stmt;
	queued->args.count = 0;
	return ERR_OK;
}

enum err_kind pg_queue(struct pg *pg, const struct pg_stmt *stmt, const struct pg_args *args, struct err *err)
{
	struct pg_args *copy;

	if (queue(pg, PG_STEP_STATEMENT, stmt, err))
		return err ? err->kind : ERR_REJECT;
	copy = &pg->queue[pg->queue_count - 1].args;
	for (int i = 0; args && i < args->count; i++) {
		copy->values[i] = args->values[i];
		copy->lengths[i] = args->lengths[i];
		copy->formats[i] = args->formats[i];
		if (args->values[i] == args->scratch[i]) {
			memcpy(copy->scratch[i], args->scratch[i], sizeof(copy->scratch[i]));
			copy->values[i] = copy->scratch[i];
		}
		copy->count = i + 1;
	}
	return ERR_OK;
}

enum err_kind pg_queue_step(struct pg *pg, enum pg_step step, struct err *err)
{
	return queue(pg, step, &transaction_stmts[step], err);
}

enum err_kind pg_queue_begin(struct pg *pg, struct err *err)
{
	return pg_queue_step(pg, PG_STEP_BEGIN, err);
}

enum err_kind pg_queue_commit(struct pg *pg, struct err *err)
{
	return pg_queue_step(pg, PG_STEP_COMMIT, err);
}
