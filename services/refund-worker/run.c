#include <stdio.h>
#include <time.h>

#include "instance.h"
#include "log.h"
#include "refund_worker.h"
#include "relay.h"
#include "service.h"

#define EXIT_SETTINGS     78
#define REDIS_TIMEOUT_MS  200
#define POOL_WAIT_MS      5000
#define INSTANCE_PAUSE_MS 250

/* What run() opens, closed in reverse order when it leaves. */
struct parts {
	struct refund_worker refund_worker;
	struct pg_pool *db;
	struct redis *redis;
	struct relay *relay;
	struct worker *worker;
	bool has_budget;
};

static void parts_close(struct parts *parts)
{
	if (parts->worker) {
		service_check_remove(parts->worker);
		if (!worker_close(parts->worker, service_deadline_ms())) {
			service_abandon("jobs did not end in time; their leases will");
			return; /* its threads still use the rest */
		}
	}
	if (parts->relay)
		service_check_remove(parts->relay);
	relay_leave(&parts->relay);
	pg_pool_close(parts->db);
	if (parts->has_budget)
		limiter_release(&parts->refund_worker.limiter);
	breaker_release(&parts->refund_worker.breaker);
	redis_close(parts->redis);
	stripe_close(parts->refund_worker.stripe);
}

/* The key's mode must be the database's before anything is claimed. Waits for PostgreSQL as long as it takes. */
static enum err_kind learn_instance(struct pg_pool *pool, bool is_live, char ret_id[INSTANCE_ID_BYTES],
				    struct err *err)
{
	for (;;) {
		struct pg *db = NULL;
		enum err_kind kind = pg_pool_take(pool, POOL_WAIT_MS, &db, err);

		if (!kind)
			kind = instance_claim_mode(db, is_live, ret_id, err);
		pg_pool_give(pool, db);
		if ((kind != ERR_RETRY && kind != ERR_UNSURE) || service_is_stopping())
			return kind;
		nanosleep(&(struct timespec){.tv_nsec = INSTANCE_PAUSE_MS * 1000000L}, NULL);
	}
}

static enum err_kind open_outside(const struct refund_worker_settings *settings, struct parts *parts,
				  struct err *err)
{
	const struct stripe_options stripe = {.url = settings->stripe_url,
					      .key = settings->stripe_key,
					      .connect_ms = settings->stripe_connect_ms,
					      .timeout_ms = settings->stripe_timeout_ms};
	const struct pg_options pg = {.url = settings->common.pg_url, .application = "unbook-refund-worker"};

	if (stripe_open(&stripe, &parts->refund_worker.stripe, err)
	    || pg_pool_open(&pg, (int)settings->common.db_pool, &parts->db, err))
		return err->kind;
	if (settings->redis_url && redis_open(settings->redis_url, REDIS_TIMEOUT_MS, &parts->redis, err))
		return err->kind;
	return ERR_OK;
}

static void open_budget(const struct refund_worker_settings *settings, struct parts *parts,
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
	parts->has_budget = true;
}

static enum err_kind open_relay(const struct refund_worker_settings *settings, struct parts *parts,
				struct err *err)
{
	const struct relay_options options = {.pg_url = settings->common.pg_url,
					      .kafka_bootstrap = settings->common.kafka_bootstrap,
					      .client_id = UNBOOK_SERVICE,
					      .topic_prefix = settings->common.topic_prefix,
					      .partitions = (int)settings->common.kafka_partitions};

	if (relay_open(&options, &parts->relay, err))
		return err->kind;
	service_check_add(&(struct service_check){.name = "relay",
						  .context = parts->relay,
						  .is_alive = relay_is_alive,
						  .missing = relay_missing});
	return ERR_OK;
}

static enum err_kind open_worker(const struct refund_worker_settings *settings, struct parts *parts,
				 struct err *err)
{
	const struct worker_options options = {.group = UNBOOK_SERVICE,
					       .kafka_bootstrap = settings->common.kafka_bootstrap,
					       .topic_prefix = settings->common.topic_prefix,
					       .slots = (int)settings->worker.slots,
					       .sweep_ms = (int)settings->worker.sweep_ms,
					       .pg_url = settings->common.pg_url,
					       .db = parts->db,
					       .relay = parts->relay};
	struct worker_handler handler;

	refund_handler_init(&handler, &parts->refund_worker);
	if (worker_open(&options, &handler, 1, &parts->worker, err))
		return err->kind;
	service_check_add(&(struct service_check){.name = "worker",
						  .context = parts->worker,
						  .is_alive = worker_is_alive,
						  .missing = worker_missing});
	return ERR_OK;
}

/* A setting that only its use shows to be wrong. */
static enum err_kind refuse_settings(const struct err *err)
{
	LOG(LOG_ERROR, "bad settings", LOG_S("code", err->code), LOG_S("error", err->msg));
	service_stop(EXIT_SETTINGS);
	return ERR_OK;
}

enum err_kind refund_worker_run(void *context, struct err *err)
{
	const struct refund_worker_settings *settings = context;
	__attribute__((cleanup(parts_close))) struct parts parts = {.refund_worker = {.settings = settings}};
	struct refund_worker *worker = &parts.refund_worker;
	char instance[INSTANCE_ID_BYTES] = "";

	breaker_init(&worker->breaker, &(struct breaker_options){.name = "stripe"});
	if (open_outside(settings, &parts, err))
		return err->kind == ERR_FATAL ? refuse_settings(err) : err->kind;
	if (learn_instance(parts.db, stripe_is_live(worker->stripe), instance, err)) {
		if (service_is_stopping())
			return ERR_OK;
		return err->kind == ERR_FATAL ? refuse_settings(err) : err->kind;
	}
	open_budget(settings, &parts, instance);
	if (open_relay(settings, &parts, err) || open_worker(settings, &parts, err))
		return err->kind;
	service_wait();
	worker_stop(parts.worker);
	return ERR_OK;
}
