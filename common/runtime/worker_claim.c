/* worker_claim.c: what every claim of the poll thread needs (its connection, the handler's budget), and the sweep. */
#include "backoff.h"
#include "clock.h"
#include "id.h"
#include "log.h"
#include "service.h"
#include "worker_internal.h"

#define DB_CONNECT_MS 2000
#define DB_CALL_MS    3000
#define HELD_BACK_MS  2000 /* a longer wait for the budget or breaker is worth telling */

static const struct backoff db_wait = {.min_ms = 100, .max_ms = 5000};

void worker_count_claim(const struct worker *worker, const struct task *task, const char *result)
{
	metric_add(METRIC(METRIC_COUNTER, "unbook_claims_total", "Claims by source and result.",
			  {"handler", task->handler < 0 ? "" : worker->handlers[task->handler].name},
			  {"source", task->is_message ? "doorbell" : "sweep"}, {"result", result}),
		   1);
}

void worker_db_failed(struct worker *worker, const struct err *err)
{
	if (!atomic_exchange(&worker->db_away, true))
		LOG(LOG_WARN, "worker waits", LOG_S("for", "postgres"), LOG_S("code", err->code),
		    LOG_S("error", err->msg));
	worker->db_retry_at_ms =
		deadline_in_ms(backoff_next_ms(&db_wait, worker->db_failures++, 0, id_random()));
}

void worker_db_worked(struct worker *worker)
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
		worker_db_failed(worker, &err);
		return false;
	}
	return true;
}

bool worker_admit(struct worker *worker, int handler)
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

void worker_unadmit(struct worker *worker, int handler)
{
	const struct worker_handler *h = &worker->handlers[handler];

	if (h->unadmit)
		h->unadmit(h->context);
	worker->turns[handler].admit_at_ms = 0; /* what was given back may be spent at once */
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
		worker_db_worked(worker);
		worker_count_claim(worker, task, "claimed");
		worker_slot_take(worker, task);
		return true;
	}
	worker_unadmit(worker, index);
	worker->turns[index].sweeping = false;
	if (kind) {
		pg_rollback(worker->db);
		worker_count_claim(worker, task, "retry");
		worker_db_failed(worker, &err);
	} else {
		worker_db_worked(worker);
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

		if (!worker->turns[index].sweeping || !worker_slots_free(worker) || !worker_db_ready(worker)
		    || !worker_admit(worker, index))
			continue;
		if (!sweep_one(worker, index))
			continue;
		worker->next_sweeper = (index + 1) % worker->handler_count;
		return true;
	}
	return false;
}
