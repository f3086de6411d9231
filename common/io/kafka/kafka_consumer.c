/* kafka_consumer.c: subscribe, poll, store, close */
#include <stdlib.h>
#include <string.h>

#include "kafka_private.h"

/* A member learns from its next heartbeat that another has left; until then those partitions stand still. */
#define HEARTBEAT_MS 150

static void tune(rd_kafka_conf_t *conf)
{
	rd_kafka_conf_set_rebalance_cb(conf, kafka_on_rebalance);
}

static int64_t or_else(int64_t value, int64_t otherwise)
{
	return value ? value : otherwise;
}

static enum err_kind open_handle(struct kafka_consumer *consumer,
				 const struct kafka_consumer_options *options, struct err *err)
{
	int64_t session_ms = or_else(options->session_ms, 6000);
	const struct kafka_setting settings[] = {
		{"group.id", options->group, 0},
		{"partition.assignment.strategy", "range", 0}, /* cooperative is broken before 2.10 */
		{"auto.offset.reset", "earliest", 0},
		{"enable.auto.commit", "true", 0},
		{"auto.commit.interval.ms", NULL, 1000},
		{"enable.auto.offset.store", "false", 0},
		{"allow.auto.create.topics", "false", 0},
		{"session.timeout.ms", NULL, session_ms},
		{"heartbeat.interval.ms", NULL, HEARTBEAT_MS},
		{"fetch.wait.max.ms", NULL, or_else(options->fetch_wait_ms, 50)},
		{"queued.max.messages.kbytes", NULL, or_else(options->prefetch_kbytes, 16384)},
		{NULL, NULL, 0},
	};

	if (!options->group || !options->group[0])
		return err_set(err, ERR_FATAL, "kafka_config", "no consumer group");
	return kafka_handle_new(RD_KAFKA_CONSUMER, &options->kafka, settings, tune, &consumer->monitor,
				&consumer->rk, err);
}

static enum err_kind subscribe(struct kafka_consumer *consumer, const struct kafka_consumer_options *options,
			       struct err *err)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(options->topic_count);
	rd_kafka_resp_err_t refused;

	consumer->topics = calloc((size_t)options->topic_count + 1, sizeof(*consumer->topics));
	for (int i = 0; consumer->topics && i < options->topic_count; i++) {
		rd_kafka_topic_partition_list_add(list, options->topics[i], RD_KAFKA_PARTITION_UA);
		consumer->topics[i] = strdup(options->topics[i]);
		consumer->topic_count += consumer->topics[i] ? 1 : 0;
	}
	rd_kafka_poll_set_consumer(consumer->rk);
	refused = rd_kafka_subscribe(consumer->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (consumer->topic_count != options->topic_count)
		return err_set(err, ERR_FATAL, "kafka_config", "out of memory");
	if (refused)
		return err_set(err, ERR_FATAL, "kafka_config", "subscribe: %s", rd_kafka_err2str(refused));
	return ERR_OK;
}

static void consumer_free(void *subject)
{
	struct kafka_consumer *consumer = subject;

	if (consumer->rk) {
		rd_kafka_consumer_close(consumer->rk);
		rd_kafka_destroy(consumer->rk);
	}
	kafka_partitions_release(consumer);
	for (int i = 0; i < consumer->topic_count; i++)
		free(consumer->topics[i]);
	free(consumer->topics);
	kafka_monitor_release(&consumer->monitor);
	free(consumer);
}

enum err_kind kafka_consumer_open(const struct kafka_consumer_options *options,
				  struct kafka_consumer **ret_consumer, struct err *err)
{
	struct kafka_consumer *consumer = calloc(1, sizeof(*consumer));

	if (!consumer)
		return err_set(err, ERR_FATAL, "kafka_config", "out of memory");
	kafka_monitor_init(&consumer->monitor);
	if (open_handle(consumer, options, err) || subscribe(consumer, options, err)) {
		consumer_free(consumer);
		return ERR_FATAL;
	}
	*ret_consumer = consumer;
	return ERR_OK;
}

bool kafka_consumer_close(struct kafka_consumer *consumer, int64_t deadline_ms)
{
	if (!consumer)
		return true;
	if (consumer->borrowed)
		rd_kafka_message_destroy(consumer->borrowed); /* destroy would wait for it for ever */
	consumer->borrowed = NULL;
	return kafka_close_bounded(consumer_free, consumer, deadline_ms);
}

static void lend(const rd_kafka_message_t *from, struct kafka_message *to)
{
	rd_kafka_timestamp_type_t stamped;
	rd_kafka_headers_t *headers;
	int64_t timestamp_ms = rd_kafka_message_timestamp(from, &stamped);
	int count = 0;

	*to = (struct kafka_message){.topic = rd_kafka_topic_name(from->rkt),
				     .partition = from->partition,
				     .offset = from->offset,
				     .key = from->key,
				     .key_len = from->key_len,
				     .value = from->payload,
				     .value_len = from->len};
	if (stamped != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && timestamp_ms > 0)
		to->timestamp_ms = timestamp_ms;
	if (rd_kafka_message_headers(from, &headers))
		return;
	while (count < KAFKA_HEADERS_MAX
	       && !rd_kafka_header_get_all(headers, (size_t)count, &to->headers[count].name,
					   &to->headers[count].value, &to->headers[count].len))
		count++;
	to->header_count = count;
}

/* False: not of a partition that is ours, so it is nobody's business here. */
static bool note_delivery(struct kafka_consumer *consumer, const rd_kafka_message_t *message)
{
	struct kafka_partition *partition;

	pthread_mutex_lock(&consumer->monitor.lock);
	consumer->monitor.health.brokers_down = false;
	partition = kafka_partition_find(consumer, rd_kafka_topic_name(message->rkt), message->partition);
	if (partition)
		partition->delivered = message->offset + 1;
	pthread_mutex_unlock(&consumer->monitor.lock);
	return partition;
}

enum err_kind kafka_consumer_poll(struct kafka_consumer *consumer, int64_t timeout_ms, bool *ret_got,
				  struct kafka_message *ret_message, struct err *err)
{
	rd_kafka_message_t *message;
	char why[128];

	if (consumer->borrowed)
		rd_kafka_message_destroy(consumer->borrowed);
	consumer->borrowed = NULL;
	*ret_got = false;
	message = rd_kafka_consumer_poll(consumer->rk, (int)timeout_ms);
	if (message && message->err) {
		kafka_monitor_note(&consumer->monitor, message->err, rd_kafka_message_errstr(message));
		rd_kafka_message_destroy(message);
		message = NULL;
	}
	if (rd_kafka_fatal_error(consumer->rk, why, sizeof(why))) {
		if (message)
			rd_kafka_message_destroy(message);
		return err_set(err, ERR_RETRY, "kafka_broken", "%s", why);
	}
	consumer->borrowed = message;
	if (message && note_delivery(consumer, message)) {
		lend(message, ret_message);
		*ret_got = true;
	}
	return ERR_OK;
}

/* Caller holds the lock. */
static rd_kafka_resp_err_t store_one(struct kafka_consumer *consumer, const char *topic, int32_t partition,
				     int64_t offset)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_t *each = rd_kafka_topic_partition_list_add(list, topic, partition);
	rd_kafka_resp_err_t failed;

	each->offset = offset;
	failed = rd_kafka_offsets_store(consumer->rk, list);
	if (!failed)
		failed = each->err; /* one of the two tells, depending on the failure */
	rd_kafka_topic_partition_list_destroy(list);
	return failed;
}

enum err_kind kafka_consumer_store(struct kafka_consumer *consumer, const char *topic, int32_t partition,
				   int64_t offset, bool *ret_lost, struct err *err)
{
	rd_kafka_resp_err_t failed = RD_KAFKA_RESP_ERR_NO_ERROR;
	struct kafka_partition *ours;
	bool lost;

	pthread_mutex_lock(&consumer->monitor.lock);
	ours = kafka_partition_find(consumer, topic, partition);
	/* Lost and regained: a message of the earlier assignment must not skip what this one has yet to see. */
	lost = !ours || offset >= ours->delivered;
	if (!lost && offset + 1 > ours->stored) {
		failed = store_one(consumer, topic, partition, offset + 1);
		if (!failed)
			ours->stored = offset + 1;
	}
	pthread_mutex_unlock(&consumer->monitor.lock);
	if (failed == RD_KAFKA_RESP_ERR__STATE || failed == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
		lost = true;
	else if (failed) {
		kafka_monitor_note(&consumer->monitor, failed, "store offset");
		return err_set(err, ERR_RETRY, "kafka_store", "%s", rd_kafka_err2str(failed));
	}
	if (ret_lost)
		*ret_lost = lost;
	return ERR_OK;
}

void kafka_consumer_health(struct kafka_consumer *consumer, struct kafka_health *ret_health)
{
	kafka_monitor_read(&consumer->monitor, ret_health);
}

enum err_kind kafka_consumer_check(struct kafka_consumer *consumer, int64_t timeout_ms, struct err *err)
{
	enum err_kind kind = kafka_ask_apart(consumer->rk, (const char *const *)consumer->topics,
					     consumer->topic_count, timeout_ms, err);

	if (!kind)
		kafka_monitor_heard(&consumer->monitor);
	return kind;
}
