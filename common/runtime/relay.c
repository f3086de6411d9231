#include "relay.h"

#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "id.h"
#include "log.h"
#include "metrics.h"
#include "relay_internal.h"
#include "service.h"
#include "str.h"

#define IDLE_MS        250
#define BUSY_MS        5
#define GATHER_MAX_MS  50
#define ALIVE_MS       60000 /* a batch may wait for Kafka and PostgreSQL one after the other */
#define TOPICS_MS      5000
#define CLOSE_KAFKA_MS 2000
#define CALL_MS        5000

static const struct backoff trouble_wait = {.min_ms = 100, .max_ms = 5000};
static const char *const aggregates[RELAY_TOPICS] = {"booking", "refund", "checkout", "stripe"};

static const struct pg_stmt get_instance = {"relay_instance", "SELECT id FROM instance", true};

const char *relay_topic(const struct relay *relay, const char *aggregatetype)
{
	for (int i = 0; i < RELAY_TOPICS; i++) {
		if (str_eq(aggregates[i], aggregatetype))
			return relay->topics[i];
	}
	return NULL;
}

static enum err_kind open_db(struct relay *relay, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	/* What a crash of PostgreSQL brings back is sent once more, which is allowed anyhow. */
	struct pg_options options = {
		.url = relay->pg_url, .application = "unbook relay", .call_ms = CALL_MS, .may_forget = true};
	enum err_kind kind = ERR_OK;

	if (relay->db && pg_is_broken(relay->db)) {
		pg_close(relay->db);
		relay->db = NULL;
	}
	if (!relay->db)
		kind = pg_open(&options, &relay->db, err);
	if (kind || relay->source[0])
		return kind;
	kind = pg_one(relay->db, &get_instance, NULL, &results, err);
	if (!kind && pg_rows(&results, 0) == 1)
		snprintf(relay->source, sizeof(relay->source), "/unbook/%.40s", pg_text(&results, 0, 0, 0));
	return kind;
}

/* A fatal producer is destroyed and rebuilt (design.md section 8; pitfalls of librdkafka 2.0.2). */
static enum err_kind open_producer(struct relay *relay, struct err *err)
{
	struct kafka_options options = {.bootstrap = relay->kafka_bootstrap, .client_id = relay->client_id};

	if (relay->producer && kafka_producer_is_broken(relay->producer)) {
		LOG(LOG_WARN, "rebuilding a dead producer", LOG_S("client", relay->client_id));
		metric_add(METRIC(METRIC_COUNTER, "unbook_kafka_producer_rebuilds_total",
				  "Producers that had to be replaced."),
			   1);
		kafka_producer_close(relay->producer, deadline_in_ms(CLOSE_KAFKA_MS));
		relay->producer = NULL;
		relay->topics_are_there = false;
	}
	return relay->producer ? ERR_OK : kafka_producer_open(&options, 0, &relay->producer, err);
}

/* And lets a fresh producer learn them. */
static enum err_kind create_topics(struct relay *relay, struct err *err)
{
	struct kafka_options options = {.bootstrap = relay->kafka_bootstrap, .client_id = relay->client_id};
	enum err_kind kind;

	if (relay->topics_are_there)
		return ERR_OK;
	kind = kafka_topics_create(&options, (const char *const *)relay->topics, RELAY_TOPICS,
				   relay->partitions, TOPICS_MS, err);
	if (kind == ERR_REJECT) { /* somebody else makes the topics here; those that are there are served */
		LOG(LOG_WARN, "cannot create topics", LOG_S("code", err->code), LOG_S("error", err->msg));
		kind = ERR_OK;
	}
	relay->topics_are_there = !kind;
	if (!kind)
		kafka_producer_learn(relay->producer, (const char *const *)relay->topics, RELAY_TOPICS,
				     TOPICS_MS);
	return kind;
}

static enum relay_outcome trouble(struct relay *relay, atomic_bool *away, const char *what,
				  const struct err *err)
{
	if (!atomic_exchange(away, true))
		LOG(LOG_WARN, "relay waits", LOG_S("for", what), LOG_S("code", err->code),
		    LOG_S("error", err->msg));
	metric_add(
		METRIC(METRIC_COUNTER, "unbook_relay_errors_total", "Batches that failed.", {"peer", what}),
		1);
	relay->failures++;
	if (away == &relay->kafka_away) /* ask the broker before the next batch is locked */
		relay->topics_are_there = false;
	return RELAY_TROUBLE;
}

static enum relay_outcome step(struct relay *relay, bool poked)
{
	struct err err = {0};
	enum relay_outcome outcome;
	bool has = poked;

	if (open_db(relay, &err) || (!poked && outbox_has_rows(relay->db, &has, &err)))
		return trouble(relay, &relay->pg_away, "postgres", &err);
	atomic_store(&relay->pg_away, false);
	if (open_producer(relay, &err) || create_topics(relay, &err))
		return trouble(relay, &relay->kafka_away, "kafka", &err);
	if (atomic_exchange(&relay->kafka_away, false))
		LOG(LOG_INFO, "relay goes on", LOG_I("failures", relay->failures));
	if (!has) {
		metric_set(METRIC(METRIC_AGE, "unbook_outbox_oldest_seconds",
				  "Age of the oldest event that has not left."),
			   0);
		return RELAY_IDLE;
	}
	outcome = relay_batch(relay, &err);
	if (outcome == RELAY_TROUBLE)
		return pg_is_broken(relay->db) || str_starts(err.code, "pg_")
			       ? trouble(relay, &relay->pg_away, "postgres", &err)
			       : trouble(relay, &relay->kafka_away, "kafka", &err);
	relay->failures = 0;
	return outcome;
}

/* A batch costs PostgreSQL a commit and Kafka a request for each partition, however few its rows: the more came last time, the more are let
 * gather for the next. A lone event is not kept waiting. */
static int64_t gather_ms(const struct relay *relay)
{
	int64_t wait_ms = relay->sent / 2;

	return wait_ms < GATHER_MAX_MS ? wait_ms : GATHER_MAX_MS;
}

/* True when the next batch is taken without asking first whether there is one. */
static bool wait_after(struct relay *relay, enum relay_outcome outcome, bool *ret_stop)
{
	int64_t wait_ms = IDLE_MS;
	bool poked;

	if (outcome == RELAY_TROUBLE)
		wait_ms = backoff_next_ms(&trouble_wait, relay->failures - 1, 0, id_random());
	else if (outcome == RELAY_BUSY)
		wait_ms = BUSY_MS;
	else if (outcome == RELAY_SENT)
		wait_ms = gather_ms(relay);
	else if (outcome == RELAY_MORE)
		wait_ms = 0;
	wait_ms = deadline_in_ms(wait_ms);
	monitor_lock(&relay->monitor);
	while (!relay->stopping && !(outcome == RELAY_IDLE && relay->poked) && deadline_left_ms(wait_ms))
		monitor_wait(&relay->monitor, wait_ms);
	poked = relay->poked || (outcome != RELAY_IDLE && outcome != RELAY_SENT);
	relay->poked = false;
	*ret_stop = relay->stopping && outcome != RELAY_MORE;
	monitor_unlock(&relay->monitor);
	return poked;
}

static void *run(void *context)
{
	struct relay *relay = context;
	bool poked = false, stop = false;

	while (!stop) {
		enum relay_outcome outcome = step(relay, poked);

		atomic_store(&relay->tick_ms, deadline_in_ms(0));
		poked = wait_after(relay, outcome, &stop);
	}
	/* What the last jobs committed. Without Kafka it stays in the outbox, and nobody waits for the broker. */
	while (!atomic_load(&relay->kafka_away) && step(relay, true) == RELAY_MORE)
		;
	kafka_producer_close(relay->producer, deadline_in_ms(CLOSE_KAFKA_MS));
	pg_close(relay->db);
	monitor_lock(&relay->monitor);
	relay->done = true;
	monitor_wake(&relay->monitor);
	monitor_unlock(&relay->monitor);
	return NULL;
}

static void free_relay(struct relay *relay)
{
	for (int i = 0; i < RELAY_TOPICS; i++)
		free(relay->topics[i]);
	free(relay->pg_url);
	free(relay->kafka_bootstrap);
	free(relay->client_id);
	monitor_release(&relay->monitor);
	free(relay);
}

static bool copy_options(struct relay *relay, const struct relay_options *options)
{
	const char *prefix = options->topic_prefix ? options->topic_prefix : "";
	bool copied = true;

	relay->pg_url = strdup(options->pg_url);
	relay->kafka_bootstrap = strdup(options->kafka_bootstrap);
	relay->client_id = strdup(options->client_id);
	relay->partitions = options->partitions;
	for (int i = 0; i < RELAY_TOPICS; i++) {
		size_t cap = strlen(prefix) + strlen(event_topic_of(aggregates[i])) + 1;

		relay->topics[i] = malloc(cap);
		if (relay->topics[i])
			snprintf(relay->topics[i], cap, "%s%s", prefix, event_topic_of(aggregates[i]));
		copied = copied && relay->topics[i];
	}
	return copied && relay->pg_url && relay->kafka_bootstrap && relay->client_id;
}

enum err_kind relay_open(const struct relay_options *options, struct relay **ret_relay, struct err *err)
{
	struct relay *relay = calloc(1, sizeof(*relay));

	if (!relay)
		return err_set(err, ERR_FATAL, "no_memory", "out of memory");
	monitor_init(&relay->monitor);
	atomic_store(&relay->tick_ms, deadline_in_ms(0));
	if (!copy_options(relay, options)) {
		free_relay(relay);
		return err_set(err, ERR_FATAL, "no_memory", "out of memory");
	}
	if (!thread_start(&relay->thread, "relay", run, relay)) {
		free_relay(relay);
		return err_set(err, ERR_FATAL, "no_thread", "cannot start a thread");
	}
	*ret_relay = relay;
	return ERR_OK;
}

void relay_poke(struct relay *relay)
{
	if (!relay)
		return;
	monitor_lock(&relay->monitor);
	relay->poked = true;
	monitor_wake(&relay->monitor);
	monitor_unlock(&relay->monitor);
}

bool relay_close(struct relay *relay, int64_t deadline_ms)
{
	bool done;

	if (!relay)
		return true;
	monitor_lock(&relay->monitor);
	relay->stopping = true;
	monitor_wake(&relay->monitor);
	while (!relay->done && deadline_left_ms(deadline_ms))
		monitor_wait(&relay->monitor, deadline_ms);
	done = relay->done;
	monitor_unlock(&relay->monitor);
	if (!done)
		return false;
	pthread_join(relay->thread, NULL);
	free_relay(relay);
	return true;
}

void relay_leave(struct relay **relay)
{
	if (relay_close(*relay, service_deadline_ms()))
		return;
	service_abandon("the relay's last batch did not end in time; another relay sends it");
}

bool relay_is_alive(void *relay)
{
	return deadline_left_ms(atomic_load(&((struct relay *)relay)->tick_ms) + ALIVE_MS) > 0;
}

void relay_missing(void *context, char *ret_text, size_t cap)
{
	struct relay *relay = context;
	bool pg = atomic_load(&relay->pg_away), kafka = atomic_load(&relay->kafka_away);

	str_copy(ret_text, cap, pg && kafka ? "postgres, kafka" : pg ? "postgres" : kafka ? "kafka" : "");
}
