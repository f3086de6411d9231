#include "worker_run.h"

#include "relay.h"
#include "service.h"

static void leave_pool(struct pg_pool **pool)
{
	pg_pool_close(*pool);
}

static enum err_kind open_relay(const struct worker_run *run, struct relay **ret_relay, struct err *err)
{
	const struct relay_options options = {
		.pg_url = run->common->pg_url,
		.kafka_bootstrap = run->common->kafka_bootstrap,
		.client_id = run->name,
		.topic_prefix = run->common->topic_prefix,
		.partitions = (int)run->common->kafka_partitions,
	};

	return relay_open(&options, ret_relay, err);
}

static enum err_kind open_worker(const struct worker_run *run, struct pg_pool *pool, struct relay *relay,
				 struct worker **ret_worker, struct err *err)
{
	const struct worker_options options = {
		.group = run->name,
		.kafka_bootstrap = run->common->kafka_bootstrap,
		.topic_prefix = run->common->topic_prefix,
		.slots = (int)run->worker->slots,
		.sweep_ms = (int)run->worker->sweep_ms,
		.pg_url = run->common->pg_url,
		.db = pool,
		.relay = relay,
	};

	return worker_open(&options, run->handlers, run->handler_count, ret_worker, err);
}

enum err_kind worker_run(const struct worker_run *run, struct err *err)
{
	const struct pg_options pg = {.url = run->common->pg_url, .application = run->name};
	__attribute__((cleanup(leave_pool))) struct pg_pool *pool = NULL;
	RELAY_SCOPE struct relay *relay = NULL;
	WORKER_SCOPE struct worker *worker = NULL;
	enum err_kind kind;

	kind = pg_pool_open(&pg, (int)run->common->db_pool, &pool, err);
	if (!kind)
		kind = open_relay(run, &relay, err);
	if (!kind)
		kind = open_worker(run, pool, relay, &worker, err);
	if (kind)
		return kind;
	service_check_add(&(struct service_check){"worker", worker, worker_is_alive, worker_missing});
	service_check_add(&(struct service_check){"relay", relay, relay_is_alive, relay_missing});
	service_wait();
	service_check_remove(worker);
	service_check_remove(relay);
	return ERR_OK;
}
