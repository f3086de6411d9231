/* run.c: what the refund worker opens beside the wiring that all workers share. */
#include <stdio.h>

#include "refund_worker.h"
#include "worker_run.h"

#define REDIS_TIMEOUT_MS 200

/* Closed in reverse order when run() leaves. */
struct parts {
	struct refund_worker refund_worker;
	struct redis *redis;
};

static void parts_close(struct parts *parts)
{
	limiter_release(&parts->refund_worker.limiter);
	breaker_release(&parts->refund_worker.breaker);
	redis_close(parts->redis);
	stripe_close(parts->refund_worker.link.stripe);
}

static enum err_kind open_outside(const struct refund_worker_settings *settings, struct parts *parts,
				  struct err *err)
{
	if (settings->redis_url && redis_open(settings->redis_url, REDIS_TIMEOUT_MS, &parts->redis, err))
		return err->kind;
	return stripe_link_open(&settings->common, &settings->stripe, UNBOOK_SERVICE,
				&parts->refund_worker.link, err);
}

/* Stripe's limits are per account and mode, and a database belongs to one of these. */
static void open_limits(const struct refund_worker_settings *settings, struct parts *parts)
{
	struct refund_worker *worker = &parts->refund_worker;

	(void)snprintf(worker->limiter_key, sizeof(worker->limiter_key), "unbook:refunds:%s",
		       worker->link.instance_id);
	limiter_init(&worker->limiter, &(struct limiter_options){.name = "refunds",
								 .redis = parts->redis,
								 .key = worker->limiter_key,
								 .rate_per_s = (double)settings->refund_rate,
								 .burst = 1,
								 .replicas = (int)settings->replicas});
	breaker_init(&worker->breaker, &(struct breaker_options){.name = "stripe"});
}

static enum err_kind serve(const struct refund_worker_settings *settings, struct refund_worker *worker,
			   struct err *err)
{
	struct worker_handler handlers[2];

	refund_handler_init(&handlers[0], worker);
	refund_event_handler_init(worker, &handlers[1]);
	return worker_run(&(struct worker_run){.name = UNBOOK_SERVICE,
					       .common = &settings->common,
					       .worker = &settings->worker,
					       .handlers = handlers,
					       .handler_count = 2},
			  err);
}

enum err_kind refund_worker_run(void *context, struct err *err)
{
	const struct refund_worker_settings *settings = context;
	struct parts parts = {.refund_worker = {.settings = settings}};
	enum err_kind kind = open_outside(settings, &parts, err);

	open_limits(settings, &parts);
	kind = kind ? stripe_link_refuse(kind, err) : serve(settings, &parts.refund_worker, err);
	parts_close(&parts);
	return kind;
}
