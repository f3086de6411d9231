#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "service.h"
#include "str.h"
#include "worker_internal.h"

#define ALIVE_MS   10000
#define LAGS_MAX   256
#define LAG_ASK_MS 100

static void collect(void *context)
{
	struct worker *worker = context;
	static struct kafka_lag lags[LAGS_MAX]; /* collectors run one at a time */
	int count = 0, busy = atomic_load(&worker->busy);
	struct kafka_health health = {0};

	metric_set(METRIC(METRIC_GAUGE, "unbook_slots", "Jobs that may be at work at once."),
		   worker->options.slots);
	metric_set(METRIC(METRIC_GAUGE, "unbook_slots_free", "Slots without a job."),
		   worker->options.slots - busy);
	monitor_lock(&worker->consumer_lock);
	if (worker->consumer) {
		count = kafka_consumer_lag(worker->consumer, lags, LAGS_MAX, LAG_ASK_MS);
		kafka_consumer_health(worker->consumer, &health);
	}
	monitor_unlock(&worker->consumer_lock);
	for (int t = 0; t < worker->topic_count; t++) {
		int64_t lag = 0;

		for (int i = 0; i < count; i++)
			lag += str_eq(lags[i].topic, worker->topics[t].name) && lags[i].messages > 0
				       ? lags[i].messages
				       : 0;
		metric_set(METRIC(METRIC_GAUGE, "unbook_kafka_lag_messages",
				  "Messages not yet stored, of our partitions.",
				  {"topic", worker->topics[t].name}),
			   lag);
	}
	metric_set(METRIC(METRIC_GAUGE, "unbook_kafka_partitions_assigned", "Partitions that we consume."),
		   health.assigned);
	metric_set(METRIC(METRIC_GAUGE, "unbook_kafka_rebalances",
			  "Assignments received since the consumer was opened."),
		   health.rebalances);
	metric_set(METRIC(METRIC_GAUGE, "unbook_kafka_errors",
			  "Errors that the consumer met since it was opened."),
		   health.errors);
}

static void free_worker(struct worker *worker)
{
	for (int i = 0; i < worker->topic_count; i++)
		free(worker->topics[i].name);
	free(worker->group);
	free(worker->ready);
	free(worker->threads);
	monitor_release(&worker->jobs);
	monitor_release(&worker->freed);
	monitor_release(&worker->consumer_lock);
	free(worker);
}

static char *prefixed(const struct worker_options *options, const char *name)
{
	const char *prefix = options->topic_prefix ? options->topic_prefix : "";
	size_t cap = strlen(prefix) + strlen(name) + 1;
	char *text = malloc(cap);

	if (text)
		snprintf(text, cap, "%s%s", prefix, name);
	return text;
}

static bool copy_topics(struct worker *worker)
{
	for (int i = 0; i < worker->handler_count; i++) {
		for (const char *const *topic = worker->handlers[i].topics; topic && *topic; topic++) {
			struct worker_topic *place = &worker->topics[worker->topic_count];

			if (worker->topic_count == WORKER_TOPICS_MAX)
				return false;
			*place = (struct worker_topic){prefixed(&worker->options, *topic), *topic, i};
			if (!place->name)
				return false;
			worker->topic_count++;
		}
	}
	return true;
}

static struct worker *new_worker(const struct worker_options *options, const struct worker_handler *handlers,
				 size_t count)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return NULL;
	worker->options = *options;
	worker->handler_count = (int)count;
	memcpy(worker->handlers, handlers, count * sizeof(*handlers));
	monitor_init(&worker->jobs);
	monitor_init(&worker->freed);
	monitor_init(&worker->consumer_lock);
	worker->group = prefixed(options, options->group);
	worker->ready = calloc((size_t)options->slots, sizeof(*worker->ready));
	worker->threads = calloc((size_t)options->slots, sizeof(*worker->threads));
	worker->next_sweep_at_ms = deadline_in_ms(0);
	atomic_store(&worker->tick_ms, deadline_in_ms(0));
	if (!worker->group || !worker->ready || !worker->threads || !copy_topics(worker)) {
		free_worker(worker);
		return NULL;
	}
	return worker;
}

/* One job thread at least, so that later ones may fail to start. */
static bool start_threads(struct worker *worker)
{
	if (!worker_thread_add(worker))
		return false;
	worker->polling = true;
	if (!thread_start(&worker->poll_thread, "poll", worker_poll_run, worker))
		worker->polling = false;
	return worker->polling;
}

static void join_slots(struct worker *worker)
{
	monitor_lock(&worker->jobs);
	worker->closing = true;
	monitor_wake(&worker->jobs);
	monitor_unlock(&worker->jobs);
	for (int i = 0; i < worker->thread_count; i++)
		pthread_join(worker->threads[i], NULL);
}

enum err_kind worker_open(const struct worker_options *options, const struct worker_handler *handlers,
			  size_t count, struct worker **ret_worker, struct err *err)
{
	struct worker *worker;

	if (!count || count > WORKER_HANDLERS_MAX || options->slots < 1 || options->sweep_ms < 1)
		return err_set(err, ERR_FATAL, "worker_options", "%zu handlers, %d slots", count,
			       options->slots);
	worker = new_worker(options, handlers, count);
	if (!worker)
		return err_set(err, ERR_FATAL, "no_memory", "out of memory, or too many topics");
	if (!start_threads(worker)) {
		join_slots(worker);
		free_worker(worker);
		return err_set(err, ERR_FATAL, "no_thread", "cannot start a thread");
	}
	metrics_collector_add(collect, worker);
	*ret_worker = worker;
	return ERR_OK;
}

void worker_stop(struct worker *worker)
{
	if (!worker)
		return;
	monitor_lock(&worker->freed);
	worker->stopping = true;
	monitor_wake(&worker->freed);
	monitor_unlock(&worker->freed);
}

/* The poll thread first: only it adds jobs. */
static bool wait_until_idle(struct worker *worker, int64_t deadline_ms)
{
	bool idle;

	monitor_lock(&worker->freed);
	while ((worker->polling || atomic_load(&worker->busy)) && deadline_left_ms(deadline_ms))
		monitor_wait(&worker->freed, deadline_ms);
	idle = !worker->polling && !atomic_load(&worker->busy);
	monitor_unlock(&worker->freed);
	return idle;
}

bool worker_close(struct worker *worker, int64_t deadline_ms)
{
	if (!worker)
		return true;
	worker_stop(worker);
	metrics_collector_remove(collect, worker);
	if (!wait_until_idle(worker, deadline_ms))
		return false;
	pthread_join(worker->poll_thread, NULL);
	join_slots(worker);
	free_worker(worker);
	return true;
}

void worker_leave(struct worker **worker)
{
	if (worker_close(*worker, service_deadline_ms()))
		return;
	service_abandon("jobs did not end in time; their leases will");
}

bool worker_is_alive(void *worker)
{
	return deadline_left_ms(atomic_load(&((struct worker *)worker)->tick_ms) + ALIVE_MS) > 0;
}

void worker_missing(void *context, char *ret_text, size_t cap)
{
	struct worker *worker = context;
	int held = atomic_load(&worker->held_back);
	struct buf text;

	buf_init(&text, cap - 1);
	if (atomic_load(&worker->db_away))
		buf_add(&text, "postgres");
	if (atomic_load(&worker->kafka_away))
		buf_add(&text, text.len ? ", kafka" : "kafka");
	if (held)
		buf_addf(&text, "%s%s held back", text.len ? ", " : "", worker->handlers[held - 1].name);
	str_copy(ret_text, cap, text.data);
	buf_release(&text);
}
