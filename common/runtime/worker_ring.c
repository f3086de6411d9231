/* worker_ring.c: what the poll thread does with messages: admit, claim, store the offset, hand over. Messages that wait together are
 * claimed in one transaction, for a commit costs the disk's time and a claim does not. */
#include <stdio.h>

#include "crash_point.h"
#include "dead_letters.h"
#include "log.h"
#include "service.h"
#include "str.h"
#include "worker_internal.h"

#define ATTEMPTS_MAX \
	5 /* for a claim that PostgreSQL calls wrong: our bug, or a schema that is not there yet */

/* A message needs no second delivery. A partition that went to another member meanwhile is no matter (faults F12). */
static void store_offset(struct worker *worker, const struct task *task)
{
	struct err err = {0};
	bool lost = false;

	if (!kafka_consumer_store(worker->consumer, task->message.topic, task->message.partition,
				  task->message.offset, &lost, &err))
		return;
	LOG(LOG_WARN, "offset not stored", LOG_S("topic", task->message.topic),
	    LOG_I("partition", task->message.partition), LOG_I("offset", task->message.offset),
	    LOG_S("code", err.code), LOG_S("error", err.msg));
}

/* The row is committed before the offset is stored. False: PostgreSQL is away, keep the message. */
static bool bury(struct worker *worker, struct task *task)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	char reason[sizeof(task->why.code) + sizeof(task->why.msg) + 2];
	struct dead_letter letter = {
		.topic = task->message.topic,
		.partition = task->message.partition,
		.offset = task->message.offset,
		.key = task->message.key,
		.key_len = task->message.key_len,
		.headers = task_headers(task),
		.bytes = task->message.value,
		.bytes_len = task->message.value_len,
		.reason = reason,
	};
	struct err err = {0};

	snprintf(reason, sizeof(reason), "%s: %s", task->why.code, task->why.msg);
	if (dead_letters_queue(worker->db, &letter, &err) || pg_run(worker->db, &results, &err)) {
		pg_rollback(worker->db);
		worker_db_failed(worker, &err);
		return false;
	}
	worker_db_worked(worker);
	metric_add(METRIC(METRIC_COUNTER, "unbook_dead_letters_total", "Records put aside for a person.",
			  {"topic", task->message.topic}, {"reason", task->why.code}),
		   1);
	worker_log(worker, task, "dead letter", &task->why, 0);
	return true;
}

void worker_pending_drop(struct worker *worker, int at)
{
	worker->pending_count--;
	for (int i = at; i < worker->pending_count; i++)
		worker->pending[i] = worker->pending[i + 1];
}

/* Not to be buried, and about something that its handler works on. */
static bool rings(const struct worker *worker, const struct task *task)
{
	const struct worker_handler *handler;

	if (task->decoded)
		return false;
	handler = &worker->handlers[task->handler];
	return !handler->rings || handler->rings(&task->event);
}

/* How many messages from the front have a slot and their handler's budget. */
static int admit_front(struct worker *worker)
{
	int most = worker->one_by_one ? 1 : worker_slots_free(worker);
	int count = 0;

	while (count < most && count < worker->pending_count && rings(worker, worker->pending[count])
	       && worker_admit(worker, worker->pending[count]->handler))
		count++;
	return count;
}

/* Admitted, and not claimed after all. */
static void unclaim(struct worker *worker, int from, int count)
{
	for (int i = from; i < count; i++) {
		worker->pending[i]->job.work = NULL;
		worker_unadmit(worker, worker->pending[i]->handler);
	}
}

/* A refusal by PostgreSQL itself may be our schema or its state and not the message, or another claim of the series: it gets a few more
 * chances, by itself. */
static bool is_hasty(const struct task *task, bool is_alone, const struct err *err)
{
	return str_starts(err->code, "pg_") && (!is_alone || task->attempts < ATTEMPTS_MAX);
}

/* A message that names no row is marked, to be buried. */
static enum err_kind claim_one(struct worker *worker, struct task *task, bool is_alone, struct err *err)
{
	const struct worker_handler *handler = &worker->handlers[task->handler];
	enum err_kind kind;

	CRASH_POINT("worker.after_poll");
	kind = handler->claim(handler->context, worker->db, &task->event, &task->job, err);
	task->attempts += is_alone;
	if (kind == ERR_REJECT && !is_hasty(task, is_alone, err)) {
		task->decoded = ERR_REJECT;
		task->why = *err;
	}
	if (kind)
		worker_count_claim(worker, task, task->decoded ? "reject" : "retry");
	return task->decoded ? ERR_OK : kind;
}

/* All or none, except that one to be buried ends the series before its turn. */
static enum err_kind claim_series(struct worker *worker, int count, int *ret_claimed, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results began = PG_RESULTS_NONE, committed = PG_RESULTS_NONE;
	PG_TX_SCOPE struct pg *tx = worker->db;
	enum err_kind kind = ERR_OK;
	int claimed = 0;

	if (count > 1 && (pg_queue_begin(tx, err) || pg_run(tx, &began, err)))
		return err->kind;
	for (; !kind && claimed < count; claimed++) {
		kind = claim_one(worker, worker->pending[claimed], count == 1, err);
		if (worker->pending[claimed]->decoded)
			break;
	}
	if (kind || (count > 1 && (pg_queue_commit(tx, err) || pg_run(tx, &committed, err))))
		return kind ? kind : err->kind;
	*ret_claimed = claimed;
	return ERR_OK;
}

/* True: go on at once, one by one, to see whose claim PostgreSQL will not have. */
static bool note_failure(struct worker *worker, enum err_kind kind, int count, const struct err *err)
{
	unclaim(worker, 0, count);
	if (kind == ERR_FATAL)
		service_stop(SERVICE_FAILED);
	if (kind == ERR_REJECT && count > 1) {
		worker->one_by_one = count;
		return true;
	}
	worker_db_failed(worker, err);
	return false;
}

/* The first message is dealt with: its offset may be stored, and a slot takes what was claimed. */
static void hand_over(struct worker *worker)
{
	struct task *task = worker->pending[0];

	store_offset(worker, task);
	CRASH_POINT("worker.after_offset");
	worker_pending_drop(worker, 0);
	if (task->job.work)
		worker_slot_take(worker, task);
	else
		task_free(task);
}

static void hand_over_nothing(struct worker *worker)
{
	worker_count_claim(worker, worker->pending[0], "nothing");
	worker_log(worker, worker->pending[0], "nothing", &(struct err){0}, 0);
	hand_over(worker);
}

static void hand_over_claimed(struct worker *worker, int count)
{
	for (int i = 0; i < count; i++) {
		struct task *task = worker->pending[0];

		if (!task->job.work) {
			worker_unadmit(worker, task->handler);
			hand_over_nothing(worker);
			continue;
		}
		worker_count_claim(worker, task, "claimed");
		hand_over(worker);
	}
}

bool worker_ring(struct worker *worker)
{
	struct err err = {0};
	enum err_kind kind;
	int claimed = 0;
	int count;

	if (!worker->pending_count || !worker_db_ready(worker))
		return false;
	if (worker->pending[0]->decoded) {
		if (!bury(worker, worker->pending[0]))
			return false;
		hand_over(worker);
		return true;
	}
	if (!rings(worker, worker->pending[0])) {
		hand_over_nothing(worker);
		return true;
	}
	count = admit_front(worker);
	if (!count)
		return false;
	kind = claim_series(worker, count, &claimed, &err);
	if (kind)
		return note_failure(worker, kind, count, &err);
	CRASH_POINT("worker.after_claim");
	worker_db_worked(worker);
	unclaim(worker, claimed, count);
	worker->one_by_one -= worker->one_by_one ? 1 : 0;
	hand_over_claimed(worker, claimed);
	return true;
}
