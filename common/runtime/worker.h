/* worker.h: ring or sweep -> claim -> store offset -> perform -> record (design.md section 8). One poll thread, one slot pool.
 * A handler is plain functions; the worker knows topics, slots, pausing and deadlines, and nothing of refunds or mails. */
#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "err.h"
#include "event.h"
#include "pg.h"

struct relay;

/* One claimed row on its way through a slot. Everything in it lives in arena, which ends with the job. */
struct job {
	struct arena *arena;
	const char *traceparent; /* a child of the event's, or fresh for a swept row; never NULL */
	const char *label;       /* id for the log line, set by claim or sweep */
	int64_t booking_id;      /* for the log line: the event's; sweep sets it, 0: none */
	void *work;              /* the handler's own struct */
};

struct worker_handler {
	const char *name; /* "refund": metrics label and log word; static storage */
	void *context;    /* given back to every function */

	/* Topics (without prefix) whose events ring for this handler, NULL-terminated; NULL: only the sweep brings work. */
	const char *const *topics;

	/* Does an event of this type have a row behind it for this handler? One that has none spends no budget and is not claimed. NULL: all. */
	bool (*rings)(const struct event *event);

	/* May one more unit be claimed now? Spends a budget (rate limit) or asks the breaker. 0: yes; else milliseconds to wait.
	 * Called before every claim and sweep, on the poll thread, never blocks longer than its adapter's short time-out. NULL: always. */
	int64_t (*admit_ms)(void *context);
	/* The budget that admit spent was not used, because nothing was there to claim. NULL: nothing to give back. */
	void (*unadmit)(void *context);

	/* Claim the row that the event speaks of: one short statement, waiting for nobody's lock, run by itself or in a transaction with the
	 * claims of other messages, which may be rolled back. event lives in job->arena. Nothing of it leaves this process before the commit.
	 * ERR_OK with job->work NULL: nothing to do (final, leased, not ours). ERR_REJECT: the event is wrong (unknown row): dead letter.
	 * ERR_RETRY or ERR_UNSURE: the offset is not stored, the worker pauses and comes back. */
	enum err_kind (*claim)(void *context, struct pg *db, const struct event *event, struct job *job,
			       struct err *err);

	/* Claim one overdue row. ERR_OK with job->work NULL: none is due. Called only while a slot is free. NULL: no sweep. */
	enum err_kind (*sweep)(void *context, struct pg *db, struct job *job, struct err *err);

	/* Straight-line code that may block on the outside, without a database connection; borrows one from db only while it records.
	 * The worker logs the outcome, one line per job, and wakes the relay; ERR_FATAL stops the process. */
	enum err_kind (*perform)(void *context, struct pg_pool *db, const struct job *job, struct err *err);
};

#define WORKER_HANDLERS_MAX 8

/* Texts are borrowed while the worker is open. */
struct worker_options {
	const char *group;           /* consumer group = service name */
	const char *kafka_bootstrap; /* NULL: no doorbell, the sweep alone does all the work */
	const char *topic_prefix;    /* before topics and group; NULL or "": none */
	int slots;
	int sweep_ms;
	const char *pg_url;  /* of the poll thread's own connection, with short deadlines */
	struct pg_pool *db;  /* for perform */
	struct relay *relay; /* woken after each job; NULL: none */
};

struct worker;

/* Start the threads; several handlers share the slots of one worker (a topic belongs to one handler). handlers are copied.
 * Waits for neither Kafka nor PostgreSQL. Errors ERR_FATAL. */
enum err_kind worker_open(const struct worker_options *options, const struct worker_handler *handlers,
			  size_t count, struct worker **ret_worker, struct err *err) MUST_CHECK;
/* No new claims from now on; the group is left at once, so that others take over; returns at once. NULL is fine. */
void worker_stop(struct worker *worker);
/* Wait until what is in flight is done, at most until deadline; true when all was, and all is freed. False: jobs still run, their memory
 * is lost, their leases end by themselves. NULL is fine. */
bool worker_close(struct worker *worker, int64_t deadline_ms);

/* Closes against service_deadline_ms(). Use: WORKER_SCOPE struct worker *worker = NULL; */
void worker_leave(struct worker **worker);
#define WORKER_SCOPE __attribute__((cleanup(worker_leave)))

/* For a struct service_check: the poll loop moved within the last 10 s; and what is missing right now ("kafka", "postgres",
 * "refund held back") or "". */
bool worker_is_alive(void *worker);
void worker_missing(void *context, char *ret_text, size_t cap);

#endif
