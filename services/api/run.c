/* run.c: opens the parts, waits, closes them in reverse order */
#include <string.h>

#include "answer.h"
#include "health.h"
#include "limits.h"
#include "log.h"
#include "metrics.h"
#include "service.h"

#define CALL_MS    8000
#define BRIEF_MS   2000 /* to end a checkout: the slot is released without Stripe's word after it */
#define CONFIRM_MS 8000 /* to read one that was paid: without Stripe's word there is no answer */
#define REDIS_MS   100  /* somebody waits for the answer, and Redis is only a cache */

static void collect(void *context)
{
	static const struct {
		const char *name;
		enum http_pool pool;
	} pools[] = {{"fast", HTTP_POOL_FAST}, {"stripe", HTTP_POOL_STRIPE}, {"webhook", HTTP_POOL_WEBHOOK}};
	struct http_server_stats stats;

	http_server_stats(((struct api *)context)->http, &stats);
	metric_set(METRIC(METRIC_GAUGE, "unbook_http_connections", "Open connections."), stats.connections);
	for (size_t i = 0; i < sizeof pools / sizeof *pools; i++) {
		metric_set(METRIC(METRIC_GAUGE, "unbook_http_jobs", "Requests at work, by pool.",
				  {"pool", pools[i].name}),
			   stats.running[pools[i].pool]);
		metric_set(METRIC(METRIC_GAUGE, "unbook_http_queue",
				  "Requests that wait for a thread, by pool.", {"pool", pools[i].name}),
			   stats.queued[pools[i].pool]);
	}
	metric_set(METRIC(METRIC_GAUGE, "unbook_http_refused_busy",
			  "Requests refused so far because a queue was full."),
		   stats.refused_busy);
	metric_set(METRIC(METRIC_GAUGE, "unbook_http_refused_connections",
			  "Connections refused so far because their address had too many."),
		   stats.refused_address);
	metric_set(METRIC(METRIC_GAUGE, "unbook_http_ended_connections",
			  "Connections that waited longest, ended so far to make room."),
		   stats.ended_idle);
	if (((struct api *)context)->issuer)
		metric_set(METRIC(METRIC_GAUGE, "unbook_jwks_age_seconds",
				  "Since the issuer's keys were last fetched."),
			   issuer_age_ms(((struct api *)context)->issuer) / 1000);
}

/* Only when the keys have a URL. */
static enum err_kind open_issuer(struct api *api, struct err *err)
{
	const struct issuer_options options = {.url = api->settings->jwks_url,
					       .keys = api->keys,
					       .refresh_ms = api->settings->jwks_refresh_ms,
					       .again_ms = api->settings->jwks_again_ms};

	if (!options.url)
		return ERR_OK;
	if (issuer_open(&options, &api->issuer, err))
		return err->kind;
	service_check_add(
		&(struct service_check){.name = "api", .context = api->issuer, .missing = issuer_missing});
	return ERR_OK;
}

static enum err_kind open_http(struct api *api, struct err *err)
{
	const struct api_settings *settings = api->settings;
	const struct http_server_options options = {
		.listen = settings->listen,
		.routes = api_routes,
		.route_count = api_route_count,
		.context = api,
		.io_threads = 2,
		.fast_threads = (int)settings->fast_threads,
		.stripe_threads = (int)settings->stripe_threads,
		.webhook_threads = (int)settings->webhook_threads,
		.per_address_max = (int)settings->per_address_connections,
		.trusted = settings->trusted_proxies ? &api->trusted : NULL,
		.style = str_eq(settings->forwarded_header, forwarded_header(FORWARDED_X))
				 ? FORWARDED_X
				 : FORWARDED_STANDARD,
		.admit = api_admit,
		.refuse = api_refuse,
		.done = answer_done,
	};

	if (http_server_open(&options, &api->http, err))
		return err->kind;
	LOG(LOG_INFO, "listening", LOG_S("what", "http"), LOG_S("address", http_server_address(api->http)));
	return ERR_OK;
}

/* Stripe for people who wait: one call takes call_ms at most. */
static enum err_kind open_stripe(const struct api *api, int64_t call_ms, struct stripe **ret_stripe,
				 struct err *err)
{
	const struct stripe_settings *settings = &api->settings->stripe;
	struct stripe_options options = {settings->url, settings->key, settings->connect_ms,
					 settings->timeout_ms};

	if (options.timeout_ms > call_ms)
		options.timeout_ms = call_ms;
	if (options.connect_ms > options.timeout_ms)
		options.connect_ms = options.timeout_ms;
	return stripe_open(&options, ret_stripe, err);
}

/* URLs are made by adding to it. */
static void cut_slashes(char *url)
{
	for (size_t len = strlen(url); len && url[len - 1] == '/'; len--)
		url[len - 1] = '\0';
}

static enum err_kind open_parts(struct api *api, struct err *err)
{
	const struct common_settings *common = &api->settings->common;
	const struct pg_options pg = {.url = common->pg_url, .application = "unbook-api", .call_ms = CALL_MS};
	const struct relay_options relay = {.pg_url = common->pg_url,
					    .kafka_bootstrap = common->kafka_bootstrap,
					    .client_id = "unbook-api",
					    .topic_prefix = common->topic_prefix,
					    .partitions = (int)common->kafka_partitions};
	int connections = (int)(api->settings->fast_threads + api->settings->stripe_threads
				+ api->settings->webhook_threads);

	/* Every job thread can hold a connection, so none waits for another; they are opened when first needed. */
	if (connections < common->db_pool)
		connections = (int)common->db_pool;
	if (api->settings->trusted_proxies
	    && !address_ranges_decode(api->settings->trusted_proxies, &api->trusted))
		return err_set(err, ERR_FATAL, "config", "UNBOOK_TRUSTED_PROXIES does not read");
	api->policy.teacher_notice_s = api->settings->teacher_notice_s;
	cut_slashes(api->settings->frontend_url);
	if ((api->settings->redis_url && redis_open(api->settings->redis_url, REDIS_MS, &api->redis, err))
	    || open_stripe(api, BRIEF_MS, &api->stripe_brief, err)
	    || open_stripe(api, CONFIRM_MS, &api->stripe_confirm, err) || user_cache_new(&api->users, err)
	    || keyed_table_new(&api->keyed, err) || limits_open(api, &api->limits, err)
	    || pg_pool_open(&pg, connections, &api->db, err) || relay_open(&relay, &api->relay, err)
	    || health_open(common->pg_url, &api->health, err) || open_issuer(api, err))
		return err->kind;
	return open_http(api, err);
}

static void close_parts(struct api **handle)
{
	struct api *api = *handle;

	if (api->issuer)
		service_check_remove(api->issuer);
	if (api->health)
		service_check_remove(api->health);
	health_close(api->health);
	if (api->http) {
		metrics_collector_remove(collect, api);
		if (!http_server_close(api->http, service_deadline_ms()))
			service_abandon("requests did not end in time");
	}
	issuer_close(api->issuer);
	if (api->relay)
		service_check_remove(api->relay);
	relay_leave(&api->relay);
	pg_pool_close(api->db);
	keyed_table_free(api->keyed);
	limits_close(api->limits);
	user_cache_free(api->users);
	redis_close(api->redis);
	stripe_close(api->stripe_confirm);
	stripe_close(api->stripe_brief);
	stripe_close(api->link.stripe);
}

enum err_kind api_run(void *context, struct err *err)
{
	__attribute__((cleanup(close_parts))) struct api *api = context;
	enum err_kind kind = stripe_link_open(&api->settings->common, &api->settings->stripe, "unbook-api",
					      &api->link, err);

	if (kind)
		return stripe_link_refuse(kind, err);
	if (open_parts(api, err))
		return err->kind;
	metrics_collector_add(collect, api);
	/* Without PostgreSQL every answer is 503; without Kafka the outbox waits and nobody notices. */
	service_check_add(
		&(struct service_check){.name = "api", .context = api->health, .missing = health_missing});
	service_check_add(
		&(struct service_check){.name = "relay", .context = api->relay, .is_alive = relay_is_alive});
	service_wait();
	http_server_stop(api->http);
	return ERR_OK;
}
