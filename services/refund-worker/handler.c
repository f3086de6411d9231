/* handler.c: what the worker runtime calls: budget, claim, sweep, perform. */
#include "crash_point.h"
#include "refund_worker.h"

static int64_t admit_ms(void *context)
{
	struct refund_worker *worker = context;
	int64_t wait_ms = breaker_admit_ms(&worker->breaker);

	if (wait_ms)
		return wait_ms;
	wait_ms = limiter_admit_ms(&worker->limiter);
	if (wait_ms)
		breaker_unadmit(&worker->breaker);
	return wait_ms;
}

static void unadmit(void *context)
{
	struct refund_worker *worker = context;

	breaker_unadmit(&worker->breaker);
	limiter_unadmit(&worker->limiter);
}

static void take(struct job *job, struct refund_claim *claim)
{
	if (!claim)
		return;
	job->work = claim;
	job->label = claim->refund.id;
	job->booking_id = claim->refund.booking_id;
	CRASH_POINT("refund.after_claim");
}

static bool rings(const struct event *event)
{
	return event->type == EVENT_REFUND_REQUESTED;
}

static enum err_kind claim(void *context, struct pg *db, const struct event *event, struct job *job,
			   struct err *err)
{
	struct refund_worker *worker = context;
	struct refund_lease lease = {.lease_ms = worker->settings->worker.lease_ms, .arena = job->arena};
	struct refund_claim *claimed = NULL;

	if (refunds_claim_fresh(db, &lease, event->refund_id, &claimed, err))
		return err->kind;
	take(job, claimed);
	return ERR_OK;
}

static enum err_kind sweep(void *context, struct pg *db, struct job *job, struct err *err)
{
	struct refund_worker *worker = context;
	struct refund_lease lease = {.lease_ms = worker->settings->worker.lease_ms, .arena = job->arena};
	struct refund_claim *claimed = NULL;

	if (refunds_claim_due(db, &lease, &claimed, err))
		return err->kind;
	take(job, claimed);
	return ERR_OK;
}

static enum err_kind perform(void *context, struct pg_pool *db, const struct job *job, struct err *err)
{
	struct refund_worker *worker = context;
	struct attempt attempt = {0};
	enum err_kind kind = attempt_run(worker, job->work, job->traceparent, &attempt, err);

	if (attempt.calls == 0) /* the breaker waits for no word of ours */
		breaker_unadmit(&worker->breaker);
	return kind ? kind : attempt_record(worker, db, job, &attempt, err);
}

void refund_handler_init(struct worker_handler *handler, struct refund_worker *worker)
{
	static const char *const topics[] = {"unbook.refunds", NULL};

	*handler = (struct worker_handler){
		.name = "refund",
		.context = worker,
		.topics = topics,
		.rings = rings,
		.admit_ms = admit_ms,
		.unadmit = unadmit,
		.claim = claim,
		.sweep = sweep,
		.perform = perform,
	};
}
