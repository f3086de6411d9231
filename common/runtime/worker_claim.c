/* worker_claim.c: what the poll thread does with a message or at its turn to sweep: admit, claim, store the offset, hand over. */
#include <stdio.h>

#include "backoff.h"
#include "clock.h"
#include "crash_point.h"
#include "dead_letters.h"
#include "id.h"
#include "log.h"
#include "service.h"
#include "str.h"
#include "worker_internal.h"

#define DB_CONNECT_MS 2000
#define DB_CALL_MS    3000
#define ATTEMPTS_MAX \
	5 /* for a claim that PostgreSQL calls wrong: our bug, or a schema that is not there yet */
#define HELD_BACK_MS 2000 /* a longer wait for the budget or breaker is worth telling */

static const struct backoff db_wait = {.min_ms = 100, .max_ms = 5000};

static void count_claim(const struct worker *worker, const struct task *task, const char *result)
{
	metric_add(METRIC(METRIC_COUNTER, "unbook_claims_total", "Claims by source and result.",
			  {"handler", task->handler < 0 ? "" : worker->handlers[task->handler].name},
			  {"source", task->is_message ? "doorbell" : "sweep"}, {"result", result}),
		   1);
}

static void db_failed(struct worker *worker, const struct err *err)
{
	if (!atomic_exchange(&worker->db_away, true))
		LOG(LOG_WARN, "worker waits", LOG_S("for", "postgres"), LOG_S("code", err->code),
		    LOG_S("error", err->msg));
	worker->db_retry_at_ms =
		deadline_in_ms(backoff_next_ms(&db_wait, worker->db_failures++, 0, id_random()));
}

static void db_worked(struct worker *worker)
{
	if (atomic_exchange(&worker->db_away, false))
		LOG(LOG_INFO, "worker goes on", LOG_I("failures", worker->db_failures));
	worker->db_failures = 0;
}

bool worker_db_ready(struct worker *worker)
{
	struct pg_options options = {.url = worker->options.pg_url,
				     .application = worker->options.group,
				     .connect_ms = DB_CONNECT_MS,
				     .call_ms = DB_CALL_MS};
	struct err err = {0};

	if (deadline_left_ms(worker->db_retry_at_ms))
		return false;
	if (worker->db && pg_is_broken(worker->db)) {
		pg_close(worker->db);
		worker->db = NULL;
	}
	if (!worker->db && pg_open(&options, &worker->db, &err)) {
		worker->db = NULL;
		db_failed(worker, &err);
		return false;
	}
	return true;
}

/* The handler's budget is spent, or it told how long to wait. */
static bool admit(struct worker *worker, int handler)
{
	const struct worker_handler *h = &worker->handlers[handler];
	struct worker_turn *turn = &worker->turns[handler];
	int64_t wait_ms;

	if (deadline_left_ms(turn->admit_at_ms))
		return false;
	wait_ms = h->admit_ms ? h->admit_ms(h->context) : 0;
	turn->admit_at_ms = wait_ms > 0 ? deadline_in_ms(wait_ms) : 0;
	if (wait_ms >= HELD_BACK_MS)
		atomic_store(&worker->held_back, handler + 1);
	else if (atomic_load(&worker->held_back) == handler + 1)
		atomic_store(&worker->held_back, 0);
	return wait_ms <= 0;
}

static void unadmit(struct worker *worker, int handler)
{
	const struct worker_handler *h = &worker->handlers[handler];

	if (h->unadmit)
		h->unadmit(h->context);
}

void worker_pending_drop(struct worker *worker, int at)
{
	worker->pending_count--;
	for (int i = at; i < worker->pending_count; i++)
		worker->pending[i] = worker->pending[i + 1];
}

/* The message needs no second delivery. A partition that went to another member meanwhile is no matter (faults F12). */
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
		db_failed(worker, &err);
		return false;
	}
	db_worked(worker);
	metric_add(METRIC(METRIC_COUNTER, "unbook_dead_letters_total", "Records put aside for a person.",
			  {"topic", task->message.topic}, {"reason", task->why.code}),
		   1);
	worker_log(worker, task, "dead letter", &task->why, 0);
	return true;
}

/* A refusal by PostgreSQL itself may be our schema or its state and not the message: it gets a few more chances. */
static bool is_hasty(const struct task *task, const struct err *err)
{
	return str_starts(err->code, "pg_") && task->attempts < ATTEMPTS_MAX;
}

/* The claim of a decoded message. True when the message is dealt with and its offset may be stored. */
static bool claim(struct worker *worker, struct task *task, bool *ret_handed_over)
{
	const struct worker_handler *handler = &worker->handlers[task->handler];
	struct err err = {0};
	enum err_kind kind;

	CRASH_POINT("worker.after_poll");
	kind = handler->claim(handler->context, worker->db, &task->event, &task->job, &err);
	task->attempts++;
	if (kind || !task->job.work)
		unadmit(worker, task->handler);
	if (kind)
		pg_rollback(worker->db);
	if (kind == ERR_FATAL)
		service_stop(SERVICE_FAILED);
	if (kind == ERR_REJECT && !is_hasty(task, &err)) {
		count_claim(worker, task, "reject");
		task->decoded = ERR_REJECT;
		task->why = err;
		return bury(worker, task);
	}
	if (kind) {
		count_claim(worker, task, "retry");
		db_failed(worker, &err);
		return false;
	}
	CRASH_POINT("worker.after_claim");
	db_worked(worker);
	count_claim(worker, task, task->job.work ? "claimed" : "nothing");
	*ret_handed_over = task->job.work != NULL;
	if (!task->job.work)
		worker_log(worker, task, "nothing", &err, 0);
	return true;
}

bool worker_ring(struct worker *worker)
{
	struct task *task = worker->pending_count ? worker->pending[0] : NULL;
	bool handed_over = false;

	if (!task || !worker_db_ready(worker))
		return false;
	if (task->decoded) {
		if (!bury(worker, task))
			return false;
	} else {
		if (!worker_slot_is_free(worker) || !admit(worker, task->handler))
			return false;
		if (!claim(worker, task, &handed_over))
			return false;
	}
	store_offset(worker, task);
	CRASH_POINT("worker.after_offset");
	worker_pending_drop(worker, 0);
	if (handed_over)
		worker_slot_take(worker, task);
	else
		task_free(task);
	return true;
}

/* One overdue row of this handler, if there is one. False: none is due, or PostgreSQL is away. */
static bool sweep_one(struct worker *worker, int index)
{
	const struct worker_handler *handler = &worker->handlers[index];
	struct task *task = task_of_sweep(index);
	struct err err = {0};
	enum err_kind kind;

	if (!task)
		return false;
	kind = handler->sweep(handler->context, worker->db, &task->job, &err);
	if (!kind && task->job.work) {
		db_worked(worker);
		count_claim(worker, task, "claimed");
		worker_slot_take(worker, task);
		return true;
	}
	unadmit(worker, index);
	worker->turns[index].sweeping = false;
	if (kind) {
		pg_rollback(worker->db);
		count_claim(worker, task, "retry");
		db_failed(worker, &err);
	} else {
		db_worked(worker);
	}
	if (kind == ERR_FATAL)
		service_stop(SERVICE_FAILED);
	task_free(task);
	return false;
}

/* A round per sweep_ms, jittered so that replicas do not march in step. It goes on as long as rows are found and slots are free. */
static void begin_round(struct worker *worker)
{
	int64_t every = worker->options.sweep_ms;

	if (deadline_left_ms(worker->next_sweep_at_ms))
		return;
	worker->next_sweep_at_ms =
		deadline_in_ms(every - every / 4 + (int64_t)(id_random() % (uint64_t)(every / 2 + 1)));
	for (int i = 0; i < worker->handler_count; i++)
		worker->turns[i].sweeping = worker->handlers[i].sweep != NULL;
}

bool worker_sweep(struct worker *worker)
{
	begin_round(worker);
	for (int i = 0; i < worker->handler_count; i++) {
		int index = (worker->next_sweeper + i) % worker->handler_count;

		if (!worker->turns[index].sweeping || !worker_slot_is_free(worker) || !worker_db_ready(worker)
		    || !admit(worker, index))
			continue;
		if (!sweep_one(worker, index))
			continue;
		worker->next_sweeper = (index + 1) % worker->handler_count;
		return true;
	}
	return false;
}
