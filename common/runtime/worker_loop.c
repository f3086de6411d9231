/* worker_loop.c: the poll thread. It never waits for anything slow: a full house, a spent budget or an absent PostgreSQL makes it pause
 * the partitions and poll on, so that rebalances are served. */
#include <stdio.h>

#include "clock.h"
#include "dead_letters.h"
#include "log.h"
#include "worker_internal.h"

#define POLL_MS          250 /* longest wait for a message: what a stop may cost */
#define PATIENCE_MS      100 /* a shorter blockage is waited out; in a longer one the group is served so often */
#define REOPEN_MS        1000
#define CLOSE_KAFKA_MS   5000
#define CHECK_MS         2000
#define ASK_MS           300 /* what a look for the broker may cost; its answer takes some 20 */
#define SAMPLE_MS        15000
#define OUTSIDE_MS       20000 /* longer than three sessions: whoever was to rejoin has */
#define OUTSIDE_MAX_MS   600000
#define OUTSIDE_AGAIN_MS 5000

void worker_wake(struct worker *worker)
{
	monitor_lock(&worker->freed);
	worker->wakes++;
	monitor_wake(&worker->freed);
	monitor_unlock(&worker->freed);
}

/* Until a slot is free, somebody stops, or the deadline. */
static void rest(struct worker *worker, int64_t deadline_ms)
{
	monitor_lock(&worker->freed);
	while (worker->wakes == worker->wakes_seen && !worker->stopping && deadline_left_ms(deadline_ms))
		monitor_wait(&worker->freed, deadline_ms);
	worker->wakes_seen = worker->wakes;
	monitor_unlock(&worker->freed);
}

static bool is_stopping(struct worker *worker)
{
	bool stopping;

	monitor_lock(&worker->freed);
	stopping = worker->stopping;
	monitor_unlock(&worker->freed);
	return stopping;
}

static void close_consumer(struct worker *worker)
{
	struct kafka_consumer *consumer = worker->consumer;

	monitor_lock(&worker->consumer_lock);
	worker->consumer = NULL;
	monitor_unlock(&worker->consumer_lock);
	while (worker->pending_count) {
		task_free(worker->pending[0]);
		worker_pending_drop(worker, 0);
	}
	if (!kafka_consumer_close(consumer, deadline_in_ms(CLOSE_KAFKA_MS)))
		LOG(LOG_WARN, "consumer left behind", LOG_S("group", worker->group));
}

/* To get partitions, before the consumer is replaced. */
static void give_time(struct worker *worker, int64_t ms)
{
	worker->outside_at_ms = deadline_in_ms(ms);
}

static void open_consumer(struct worker *worker)
{
	const char *topics[WORKER_TOPICS_MAX];
	struct kafka_consumer_options options = {
		.kafka = {.bootstrap = worker->options.kafka_bootstrap, .client_id = worker->options.group},
		.group = worker->group,
		.topics = topics,
		.topic_count = worker->topic_count,
	};
	struct kafka_consumer *consumer = NULL;
	struct err err = {0};

	if (worker->consumer || !worker->topic_count || !worker->options.kafka_bootstrap
	    || deadline_left_ms(worker->consumer_retry_at_ms))
		return;
	for (int i = 0; i < worker->topic_count; i++)
		topics[i] = worker->topics[i].name;
	worker->consumer_retry_at_ms = deadline_in_ms(REOPEN_MS);
	if (kafka_consumer_open(&options, &consumer, &err)) {
		atomic_store(&worker->kafka_away, true);
		LOG(LOG_ERROR, "cannot open the consumer", LOG_S("code", err.code), LOG_S("error", err.msg));
		return;
	}
	if (!worker->outside_ms)
		worker->outside_ms = OUTSIDE_MS;
	give_time(worker, worker->outside_ms);
	monitor_lock(&worker->consumer_lock);
	worker->consumer = consumer;
	monitor_unlock(&worker->consumer_lock);
}

/* Its library may stay without partitions for ever after a broker forgot group or topics (librdkafka 2944, 3082, 3396). Where
 * others have all partitions, trying again costs a short rebalance, less and less often. */
static void replace_if_outside(struct worker *worker)
{
	struct kafka_health health;

	if (!worker->consumer)
		return;
	kafka_consumer_health(worker->consumer, &health);
	if (health.assigned) {
		worker->outside_ms = OUTSIDE_MS;
		give_time(worker, worker->outside_ms);
	}
	if (deadline_left_ms(worker->outside_at_ms))
		return;
	if (kafka_consumer_check(worker->consumer, ASK_MS, NULL)) {
		give_time(worker, OUTSIDE_AGAIN_MS);
		return;
	}
	LOG(LOG_WARN, "rebuilding a consumer that gets no partitions", LOG_S("error", health.last_error));
	worker->outside_ms =
		worker->outside_ms * 2 < OUTSIDE_MAX_MS ? worker->outside_ms * 2 : OUTSIDE_MAX_MS;
	close_consumer(worker);
}

/* After a rebalance the group starts again from the stored offsets: what waits here is delivered again, to us or to another. */
static void look_at_group(struct worker *worker)
{
	struct kafka_health health;

	if (!worker->consumer)
		return;
	kafka_consumer_health(worker->consumer, &health);
	if (health.brokers_down && !deadline_left_ms(worker->next_check_at_ms)) {
		/* An idle group hears nothing when the broker comes back. */
		worker->next_check_at_ms = deadline_in_ms(CHECK_MS);
		if (!kafka_consumer_check(worker->consumer, ASK_MS, NULL))
			health.brokers_down = false;
	}
	worker->generation = health.rebalances;
	atomic_store(&worker->kafka_away, health.brokers_down || health.broken);
	for (int i = 0; i < worker->pending_count;) {
		struct task *task = worker->pending[i];

		if (task->generation == worker->generation) {
			i++;
			continue;
		}
		worker_pending_drop(worker, i);
		task_free(task);
	}
}

/* True: a message came, and another may be there. */
static bool receive(struct worker *worker, int64_t timeout_ms)
{
	struct kafka_message message;
	struct err err = {0};
	struct task *task;
	bool got = false;

	if (kafka_consumer_poll(worker->consumer, timeout_ms, &got, &message, &err)) {
		LOG(LOG_WARN, "rebuilding a dead consumer", LOG_S("code", err.code), LOG_S("error", err.msg));
		close_consumer(worker);
		return false;
	}
	if (!got)
		return false;
	task = task_of_message(worker, &message);
	if (!task) {
		/* Out of memory. Opening anew starts again from the stored offsets. */
		LOG(LOG_ERROR, "no memory for a message", LOG_I("bytes", message.value_len));
		close_consumer(worker);
		worker->consumer_retry_at_ms = deadline_in_ms(REOPEN_MS);
		return false;
	}
	look_at_group(worker);
	task->generation = worker->generation;
	worker->pending[worker->pending_count++] = task;
	return true;
}

/* The next message and those that have come already, as many as can be claimed together. */
static void receive_series(struct worker *worker, int64_t timeout_ms)
{
	while (worker->pending_count < WORKER_SERIES_MAX && worker->pending_count < worker_slots_free(worker)
	       && receive(worker, timeout_ms))
		timeout_ms = 0;
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
	return a_ms < b_ms ? a_ms : b_ms;
}

/* When to look again if nothing wakes us. */
static int64_t next_look_ms(const struct worker *worker, int64_t at_most_ms)
{
	int64_t at = earlier(deadline_in_ms(at_most_ms), worker->next_sweep_at_ms);

	if (deadline_left_ms(worker->db_retry_at_ms))
		return earlier(deadline_in_ms(at_most_ms), worker->db_retry_at_ms);
	for (int i = 0; i < worker->handler_count; i++) {
		const struct worker_turn *turn = &worker->turns[i];
		bool wants = turn->sweeping || (worker->pending_count && worker->pending[0]->handler == i);

		if (wants && deadline_left_ms(turn->admit_at_ms))
			at = earlier(at, turn->admit_at_ms);
	}
	return at;
}

/* Take the next messages, or wait for what holds us up. */
static void listen(struct worker *worker, bool moved)
{
	/* Fetching takes a while, so it begins before the last message has found its budget. */
	bool wants = worker->pending_count < WORKER_SERIES_MAX / 2
		     && worker->pending_count < worker_slots_free(worker)
		     && !deadline_left_ms(worker->db_retry_at_ms);
	int64_t now_ms = deadline_in_ms(0);

	if (!worker->consumer) {
		if (!moved)
			rest(worker, next_look_ms(worker, POLL_MS));
		return;
	}
	if (wants) {
		worker->blocked_since_ms = 0;
		kafka_consumer_resume(worker->consumer);
		receive_series(worker, moved ? 0 : deadline_left_ms(next_look_ms(worker, POLL_MS)));
		return;
	}
	if (!worker->blocked_since_ms)
		worker->blocked_since_ms = now_ms;
	if (moved)
		return;
	rest(worker, next_look_ms(worker, PATIENCE_MS));
	if (deadline_in_ms(0) - worker->blocked_since_ms < PATIENCE_MS)
		return;
	worker->blocked_since_ms = deadline_in_ms(0);
	/* Pausing throws fetched messages away, and librdkafka 2.0.2 takes up to a second to fetch again: what comes meanwhile is kept, while
	 * there is room. */
	if (worker->pending_count >= WORKER_PENDING_FULL)
		kafka_consumer_pause(worker->consumer);
	if (worker->pending_count < WORKER_PENDING_MAX)
		(void)receive(worker, 0);
}

/* A gauge that is not worth a query per scrape. */
static void sample(struct worker *worker)
{
	struct err err = {0};
	int64_t count = 0;

	if (deadline_left_ms(worker->next_sample_at_ms) || !worker_db_ready(worker))
		return;
	worker->next_sample_at_ms = deadline_in_ms(SAMPLE_MS);
	if (!dead_letters_count_open(worker->db, &count, &err))
		metric_set(METRIC(METRIC_GAUGE, "unbook_dead_letters_open",
				  "Dead letters that wait for a person."),
			   count);
}

void *worker_poll_run(void *context)
{
	struct worker *worker = context;

	while (!is_stopping(worker)) {
		bool moved;

		atomic_store(&worker->tick_ms, deadline_in_ms(0));
		open_consumer(worker);
		look_at_group(worker);
		replace_if_outside(worker);
		sample(worker);
		if (worker->sweep_first) {
			moved = worker_sweep(worker);
			moved = worker_ring(worker) || moved;
		} else {
			moved = worker_ring(worker);
			moved = worker_sweep(worker) || moved;
		}
		if (moved) /* a scarce budget goes to both in turn */
			worker->sweep_first = !worker->sweep_first;
		listen(worker, moved);
	}
	if (worker->consumer)
		close_consumer(worker);
	pg_close(worker->db);
	worker->db = NULL;
	monitor_lock(&worker->freed);
	worker->polling = false;
	monitor_wake(&worker->freed);
	monitor_unlock(&worker->freed);
	return NULL;
}
