/* worker_internal.h: shared by worker.c (open, close), worker_loop.c (poll thread), worker_ring.c (messages), worker_claim.c (one claim, the sweep), worker_task.c (a message or
 * row on its way) and worker_slots.c (job threads). */
#ifndef WORKER_INTERNAL_H
#define WORKER_INTERNAL_H

#include <stdatomic.h>

#include "kafka.h"
#include "metrics.h"
#include "monitor.h"
#include "worker.h"

#define WORKER_TOPICS_MAX 16
#define WORKER_SERIES_MAX 16 /* messages that are fetched, and claimed in one transaction, at once */
#define WORKER_PENDING_FULL \
	(WORKER_SERIES_MAX  \
	 + WORKER_SERIES_MAX / 2) /* messages that wait while nothing can be claimed, before a pause */
#define WORKER_PENDING_MAX \
	(2 * WORKER_SERIES_MAX) /* the rest is for what is still on its way after a pause */

/* A message or a swept row, from arrival until its outcome is logged. One allocation; everything else is in its arena. */
struct task {
	struct arena arena;
	struct job job;
	int handler;                  /* index; -1: a message of a topic that nobody handles */
	bool is_message;              /* the rest is for messages only */
	struct kafka_message message; /* copied into the arena */
	int64_t generation;           /* rebalances seen when it arrived */
	struct event event;
	enum err_kind decoded; /* ERR_REJECT: goes to the dead letters, why tells the reason */
	struct err why;
	int attempts; /* claims that failed */
};

struct worker_topic {
	char *name;       /* with prefix */
	const char *bare; /* without */
	int handler;
};

/* One handler's place in the poll thread. */
struct worker_turn {
	int64_t admit_at_ms; /* its admit_ms asked to wait until then; also read by other threads */
	bool sweeping;       /* this round may still bring rows */
};

struct worker {
	struct worker_options options;
	struct worker_handler handlers[WORKER_HANDLERS_MAX];
	int handler_count;
	struct worker_topic topics[WORKER_TOPICS_MAX];
	int topic_count;
	char *group;

	/* Slots. Only the poll thread adds to busy, so a free slot that it sees stays free. */
	struct monitor jobs; /* ready ring and closing */
	struct task **ready;
	int ready_head, ready_count;
	int idle_threads;
	bool closing;
	atomic_int busy;
	pthread_t *threads; /* started when first needed, never ended before the worker */
	int thread_count;

	/* Wakes the poll thread out of a pause, and whoever closes. */
	struct monitor freed;
	int64_t wakes;
	bool stopping, polling; /* polling: the poll thread runs */
	pthread_t poll_thread;

	/* Seen by other threads. */
	atomic_int_least64_t tick_ms;
	atomic_bool db_away, kafka_away;
	atomic_int held_back; /* handler index + 1 that waits for its budget or breaker, 0: none */

	/* The poll thread's own. */
	struct pg *db;
	int64_t db_retry_at_ms;
	int db_failures;
	struct monitor consumer_lock; /* the scrape asks for the lag */
	struct kafka_consumer *consumer;
	int64_t consumer_retry_at_ms;
	int64_t generation;
	struct task *pending[WORKER_PENDING_MAX];
	int pending_count;
	int one_by_one;           /* so many claims are made by themselves, because they failed together */
	int64_t blocked_since_ms; /* 0: takes messages */
	int64_t wakes_seen;
	struct worker_turn turns[WORKER_HANDLERS_MAX];
	int64_t next_sweep_at_ms;
	int next_sweeper;
	bool sweep_first;
	int64_t next_sample_at_ms;
	int64_t next_check_at_ms;
	int64_t outside_at_ms; /* without partitions until then, the consumer is to be replaced */
	int64_t outside_ms;    /* how long it is given; doubles with each replacement that brought it none */
};

/* worker_task.c */
struct task *task_of_message(const struct worker *worker, const struct kafka_message *message);
struct task *task_of_sweep(int handler);
void task_free(struct task *task);
/* The record's headers as a JSON object in the arena; NULL when the arena is full. */
const char *task_headers(struct task *task);

/* worker_ring.c, worker_claim.c, on the poll thread. True when something moved and it is worth calling again at once. */
bool worker_ring(struct worker *worker);
bool worker_sweep(struct worker *worker);
void worker_pending_drop(struct worker *worker, int at);

/* worker_claim.c. PostgreSQL answers, or is given a little time. */
bool worker_db_ready(struct worker *worker);
void worker_db_worked(struct worker *worker);
void worker_db_failed(struct worker *worker, const struct err *err);
/* False: the handler's budget is spent, or it told how long to wait. */
bool worker_admit(struct worker *worker, int handler);
void worker_unadmit(struct worker *worker, int handler);
/* For the metrics. result: claimed, nothing, retry, reject. */
void worker_count_claim(const struct worker *worker, const struct task *task, const char *result);

/* worker_slots.c */
int worker_slots_free(struct worker *worker);
void worker_slot_take(struct worker *worker, struct task *task);
void *worker_slot_run(void *context);
bool worker_thread_add(struct worker *worker);
/* The one line per message or row. outcome: err_kind_name or "nothing". */
void worker_log(const struct worker *worker, const struct task *task, const char *outcome,
		const struct err *err, int64_t ms);

/* worker_loop.c */
void *worker_poll_run(void *context);
void worker_wake(struct worker *worker);

#endif
