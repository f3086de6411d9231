/* refund_worker.h: gives captured payments back, each exactly once. Consumes refund.requested as a
 * doorbell, claims refund rows, asks Stripe, records what came of it. What to do next is decided by
 * refund.h; here it is only done. */
#ifndef REFUND_WORKER_H
#define REFUND_WORKER_H

#include "backoff.h"
#include "breaker.h"
#include "limiter.h"
#include "refunds.h"
#include "settings.h"
#include "stripe_inbox.h"
#include "stripe_link.h"
#include "worker.h"

struct refund_worker_settings {
	struct common_settings common;
	struct worker_settings worker;
	struct stripe_settings stripe;
	char *redis_url; /* NULL: each process keeps to its share */
	int64_t refund_rate;
	int64_t replicas;
	int64_t pending_ms;
};

extern const struct conf_row refund_worker_rows[];
extern const size_t refund_worker_row_count;

/* What the handler works with. Borrowed members outlive the worker. */
struct refund_worker {
	const struct refund_worker_settings *settings;
	struct stripe_link link;
	struct breaker breaker; /* of Stripe */
	struct limiter limiter; /* of requests that may post, over all processes */
	char limiter_key[64];
	struct stripe_inbox inbox;
};

/* handler.c: budget, claim, sweep. */
void refund_handler_init(struct worker_handler *handler, struct refund_worker *worker);

/* stripe_event.c: Stripe's events about refunds, charges and disputes. */
void refund_event_handler_init(struct refund_worker *worker, struct worker_handler *ret_handler);

/* What one attempt found out at Stripe. */
struct attempt {
	struct refund_list list;
	enum refund_answer answer;
	struct stripe_refund made; /* for REFUND_ANSWER_REFUND */
	struct stripe_answer last; /* of the last call */
	int calls;
	struct stripe_refund seen[REFUND_SEEN_MAX]; /* one entry per refund, the latest word */
	size_t seen_count;
};

/* attempt.c: list, post and read again as rules 6 and 7 say. Blocks for the calls' time-outs. Every call
 * tells the breaker. Errors ERR_RETRY lease_over: this process stood still or Stripe was slow; nothing
 * more may be sent and nothing is recorded. Whatever Stripe answered is no error here: it is in
 * ret_attempt. */
enum err_kind attempt_run(struct refund_worker *worker, const struct refund_claim *claim,
			  const char *traceparent, struct attempt *ret_attempt, struct err *err) MUST_CHECK;

/* record.c: decide (refund_next), record under the fence, tell the world, alarm. Repeats while PostgreSQL
 * is away and the lease lasts. An error is for the log: ERR_RETRY lease_lost (somebody else holds the row
 * now), those of refunds_record; or the row is recorded as to be tried again, and kind and code say why. */
enum err_kind attempt_record(struct refund_worker *worker, struct pg_pool *db, const struct job *job,
			     const struct attempt *attempt, struct err *err) MUST_CHECK;

/* bank.c: in a transaction that has begun: the refund that waits for the bank is settled when lost disputes (and refunds by hand) have given
 * the whole payment back. Locks the refund's row, so that of two which see a part each the later one sees the whole. Errors those of pg_run;
 * ERR_RETRY no_memory. */
enum err_kind bank_settle(struct pg *tx, const char *payment_intent, struct arena *arena, bool *ret_settled,
			  struct err *err) MUST_CHECK;

const char *refund_answer_name(enum refund_answer answer);

/* run.c: opens everything, serves until told to stop, closes everything. context: the settings. */
enum err_kind refund_worker_run(void *context, struct err *err) MUST_CHECK;

#endif
