/* run.c: what the refund worker opens beside the wiring that all workers share. */
#include <stdio.h>
#include <time.h>

#include "instance.h"
#include "log.h"
#include "refund_worker.h"
#include "service.h"
#include "worker_run.h"

#define EXIT_SETTINGS     78
#define REDIS_TIMEOUT_MS  200
#define INSTANCE_PAUSE_MS 250

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
	stripe_close(parts->refund_worker.stripe);
}

static enum err_kind ask_instance(const char *pg_url, bool is_live, char ret_id[INSTANCE_ID_BYTES],
				  struct err *err)
{
	const struct pg_options options = {.url = pg_url, .application = UNBOOK_SERVICE};
	struct pg *db = NULL;
	enum err_kind kind = pg_open(&options, &db, err);

	if (!kind)
		kind = instance_claim_mode(db, is_live, ret_id, err);
	pg_close(db);
	return kind;
}

/* The key's mode must be the database's before anything is claimed. Waits for PostgreSQL as long as it
 * takes. */
static enum err_kind learn_instance(const char *pg_url, bool is_live, char ret_id[INSTANCE_ID_BYTES],
				    struct err *err)
{
	enum err_kind kind;

	for (;;) {
		kind = ask_instance(pg_url, is_live, ret_id, err);
		if ((kind != ERR_RETRY && kind != ERR_UNSURE) || service_is_stopping())
			return kind;
		nanosleep(&(struct timespec){.tv_nsec = INSTANCE_PAUSE_MS * 1000000L}, NULL);
	}
}

static enum err_kind open_outside(const struct refund_worker_settings *settings, struct parts *parts,
				  char ret_instance[INSTANCE_ID_BYTES], struct err *err)
{
	const struct stripe_options stripe = {.url = settings->stripe_url,
					      .key = settings->stripe_key,
					      .connect_ms = settings->stripe_connect_ms,
					      .timeout_ms = settings->stripe_timeout_ms};
	struct refund_worker *worker = &parts->refund_worker;

	if (stripe_open(&stripe, &worker->stripe, err))
		return err->kind;
	if (settings->redis_url && redis_open(settings->redis_url, REDIS_TIMEOUT_MS, &parts->redis, err))
		return err->kind;
	return learn_instance(settings->common.pg_url, stripe_is_live(worker->stripe), ret_instance, err);
}

/* Stripe's limits are per account and mode, and a database belongs to one of these. */
static void open_limits(const struct refund_worker_settings *settings, struct parts *parts,
			const char *instance)
{
	struct refund_worker *worker = &parts->refund_worker;

	(void)snprintf(worker->limiter_key, sizeof(worker->limiter_key), "unbook:refunds:%s", instance);
	limiter_init(&worker->limiter, &(struct limiter_options){.name = "refunds",
								 .redis = parts->redis,
								 .key = worker->limiter_key,
								 .rate_per_s = (double)settings->refund_rate,
								 .burst = 1,
								 .replicas = (int)settings->replicas});
	breaker_init(&worker->breaker, &(struct breaker_options){.name = "stripe"});
}

/* A setting that only its use shows to be wrong. */
static enum err_kind refuse_settings(const struct err *err)
{
	LOG(LOG_ERROR, "bad settings", LOG_S("code", err->code), LOG_S("error", err->msg));
	service_stop(EXIT_SETTINGS);
	return ERR_OK;
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
	char instance[INSTANCE_ID_BYTES] = "";
	enum err_kind kind = open_outside(settings, &parts, instance, err);

	open_limits(settings, &parts, instance);
	if (!kind)
		kind = serve(settings, &parts.refund_worker, err);
	else if (kind == ERR_FATAL)
		kind = refuse_settings(err);
	else if (service_is_stopping())
		kind = ERR_OK;
	parts_close(&parts);
	return kind;
}
