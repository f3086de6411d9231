#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "relay.h"
#include "service.h"
#include "str.h"
#include "worker_internal.h"

int worker_slots_free(struct worker *worker)
{
	return worker->options.slots - atomic_load(&worker->busy);
}

bool worker_thread_add(struct worker *worker)
{
	if (!thread_start(&worker->threads[worker->thread_count], "job", worker_slot_run, worker))
		return false;
	worker->thread_count++;
	return true;
}

void worker_slot_take(struct worker *worker, struct task *task)
{
	bool add;

	atomic_fetch_add(&worker->busy, 1);
	monitor_lock(&worker->jobs);
	worker->ready[(worker->ready_head + worker->ready_count++) % worker->options.slots] = task;
	add = worker->ready_count > worker->idle_threads;
	monitor_wake_one(&worker->jobs);
	monitor_unlock(&worker->jobs);
	if (add && worker->thread_count < worker->options.slots && !worker_thread_add(worker))
		LOG(LOG_WARN, "cannot start a job thread", LOG_I("threads", worker->thread_count));
}

/* NULL when the worker closes. */
static struct task *next_task(struct worker *worker)
{
	struct task *task = NULL;

	monitor_lock(&worker->jobs);
	worker->idle_threads++;
	while (!worker->ready_count && !worker->closing)
		monitor_wait(&worker->jobs, deadline_in_ms(3600 * 1000));
	worker->idle_threads--;
	if (worker->ready_count) {
		task = worker->ready[worker->ready_head];
		worker->ready_head = (worker->ready_head + 1) % worker->options.slots;
		worker->ready_count--;
	}
	monitor_unlock(&worker->jobs);
	return task;
}

static enum log_level level_of(const struct err *err)
{
	switch (err->kind) {
	case ERR_OK:
		return LOG_INFO;
	case ERR_RETRY:
	case ERR_UNSURE:
		return LOG_WARN;
	case ERR_REJECT:
	case ERR_FATAL:
		return LOG_ERROR;
	}
	return LOG_ERROR;
}

void worker_log(const struct worker *worker, const struct task *task, const char *outcome,
		const struct err *err, int64_t ms)
{
	char trace[33] = "";

	if (str_starts(task->job.traceparent, "00-"))
		snprintf(trace, sizeof(trace), "%.32s", task->job.traceparent + 3);
	LOG(level_of(err), task->is_message ? "message" : "overdue row",
	    LOG_S("handler", task->handler < 0 ? "" : worker->handlers[task->handler].name),
	    LOG_S("label", task->job.label), LOG_I("booking", task->job.booking_id), LOG_S("trace", trace),
	    LOG_S("outcome", outcome), LOG_S("code", err->code), LOG_S("error", err->msg), LOG_I("ms", ms),
	    LOG_S("topic", task->is_message ? task->message.topic : ""),
	    LOG_I("partition", task->is_message ? task->message.partition : -1),
	    LOG_I("offset", task->is_message ? task->message.offset : -1));
}

static void perform(struct worker *worker, struct task *task)
{
	const struct worker_handler *handler = &worker->handlers[task->handler];
	int64_t started_ms = deadline_in_ms(0);
	struct err err = {0};
	enum err_kind kind = handler->perform(handler->context, worker->options.db, &task->job, &err);
	int64_t took_ms = deadline_in_ms(0) - started_ms;

	if (!kind)
		err = (struct err){0};
	err.kind = kind;
	metric_add(METRIC(METRIC_COUNTER, "unbook_jobs_total", "Jobs by outcome.", {"handler", handler->name},
			  {"outcome", err_kind_name(kind)}),
		   1);
	metric_observe_us(METRIC(METRIC_SECONDS, "unbook_job_seconds", "From claimed to recorded.",
				 {"handler", handler->name}),
			  took_ms * 1000);
	worker_log(worker, task, err_kind_name(kind), &err, took_ms);
	relay_poke(worker->options.relay);
	if (kind == ERR_FATAL)
		service_stop(SERVICE_FAILED);
}

void *worker_slot_run(void *context)
{
	struct worker *worker = context;
	struct task *task;

	while ((task = next_task(worker))) {
		perform(worker, task);
		task_free(task);
		atomic_fetch_sub(&worker->busy, 1);
		worker_wake(worker);
	}
	return NULL;
}
