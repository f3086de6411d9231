/* kafka_producer.c: send a batch, learn the fate of every record */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "crash_point.h"
#include "kafka_private.h"
#include "str.h"

#define PURGE_MS   500
#define REFRESH_MS 1000

struct kafka_producer {
	struct kafka_monitor monitor; /* first: the opaque */
	rd_kafka_t *rk;
	/* The batch under way. A report names batch and record, so that one of an earlier batch is told apart. */
	uint32_t batch;
	struct kafka_record *records;
	int pending;
	bool topic_missed; /* the last batch found a topic missing, which librdkafka remembers for seconds */
};

static_assert(sizeof(void *) == 8, "a report's tag holds two numbers of 32 bits");

static void *tag_of(uint32_t batch, int index)
{
	return (void *)(((uintptr_t)batch << 32) | (uint32_t)index);
}

static enum kafka_fate fate_of(rd_kafka_resp_err_t code)
{
	static const rd_kafka_resp_err_t refusals[] = {
		RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE,
		RD_KAFKA_RESP_ERR_INVALID_RECORD,     RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
		RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,    RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
		RD_KAFKA_RESP_ERR__INVALID_ARG,
	};

	if (!code)
		return KAFKA_DELIVERED;
	if (code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION
	    || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return KAFKA_NO_TOPIC;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (code == refusals[i])
			return KAFKA_REFUSED;
	return KAFKA_UNKNOWN;
}

static void decide(struct kafka_record *record, rd_kafka_resp_err_t code)
{
	record->fate = fate_of(code);
	str_copy(record->reason, sizeof(record->reason), code ? rd_kafka_err2name(code) : "");
}

/* In the thread that polls. */
static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct kafka_producer *producer = opaque;
	uintptr_t tag = (uintptr_t)message->_private;

	(void)rk;
	if (message->err)
		kafka_monitor_note(&producer->monitor, message->err, "delivery");
	if ((uint32_t)(tag >> 32) != producer->batch || !producer->records)
		return;
	producer->pending--;
	decide(&producer->records[(uint32_t)tag], message->err);
}

static void tune(rd_kafka_conf_t *conf)
{
	rd_kafka_conf_set_dr_msg_cb(conf, on_report);
}

static void producer_free(void *subject)
{
	struct kafka_producer *producer = subject;

	if (producer->rk) {
		rd_kafka_purge(producer->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		rd_kafka_poll(producer->rk, 0);
		rd_kafka_destroy(producer->rk);
	}
	kafka_monitor_release(&producer->monitor);
	free(producer);
}

enum err_kind kafka_producer_open(const struct kafka_options *options, int64_t linger_ms,
				  struct kafka_producer **ret_producer, struct err *err)
{
	const struct kafka_setting settings[] = {
		{"enable.idempotence", "true", 0},
		{"acks", "all", 0},
		{"message.timeout.ms", NULL, 5000},
		{"linger.ms", NULL, linger_ms},
		{"partitioner", "murmur2_random", 0},
		{"topic.metadata.propagation.max.ms", NULL, 2000},
		{NULL, NULL, 0},
	};
	struct kafka_producer *producer = calloc(1, sizeof(*producer));

	if (!producer)
		return err_set(err, ERR_FATAL, "kafka_config", "out of memory");
	kafka_monitor_init(&producer->monitor);
	if (kafka_handle_new(RD_KAFKA_PRODUCER, options, settings, tune, &producer->monitor, &producer->rk,
			     err)) {
		producer_free(producer);
		return ERR_FATAL;
	}
	*ret_producer = producer;
	return ERR_OK;
}

void kafka_producer_learn(struct kafka_producer *producer, const char *const *topics, int topic_count,
			  int64_t timeout_ms)
{
	kafka_learn_topics(producer->rk, topics, topic_count, deadline_in_ms(timeout_ms));
}

bool kafka_producer_close(struct kafka_producer *producer, int64_t deadline_ms)
{
	return !producer || kafka_close_bounded(producer_free, producer, deadline_ms);
}

bool kafka_producer_is_broken(const struct kafka_producer *producer)
{
	return rd_kafka_fatal_error(producer->rk, NULL, 0);
}

/* Kafka's own rule. librdkafka would take the broker's "invalid" for "not there yet". */
static bool topic_is_valid(const char *topic)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t len = strlen(topic);

	return len > 0 && len <= 249 && strspn(topic, letters) == len && !str_eq(topic, ".")
	       && !str_eq(topic, "..");
}

static rd_kafka_headers_t *headers_new(const struct kafka_record *record)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new((size_t)record->header_count);

	for (int i = 0; i < record->header_count; i++) {
		const struct kafka_header *each = &record->headers[i];

		rd_kafka_header_add(headers, each->name, -1, each->value, (ssize_t)each->len);
	}
	return headers;
}

static rd_kafka_resp_err_t send_once(struct kafka_producer *producer, const struct kafka_record *record,
				     void *tag)
{
	rd_kafka_headers_t *headers;
	rd_kafka_resp_err_t refused;

	if (!topic_is_valid(record->topic))
		return RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
	headers = headers_new(record);
	refused = rd_kafka_producev(producer->rk, RD_KAFKA_V_TOPIC(record->topic),
				    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				    RD_KAFKA_V_KEY(record->key, record->key_len),
				    RD_KAFKA_V_VALUE((void *)(uintptr_t)record->value, record->value_len),
				    RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(tag), RD_KAFKA_V_END);
	if (refused)
		rd_kafka_headers_destroy(headers); /* taken over only on success */
	return refused;
}

/* Put one record into the library's queue, waiting for room if there is none. */
static void produce(struct kafka_producer *producer, int index, int64_t deadline_ms)
{
	struct kafka_record *record = &producer->records[index];
	rd_kafka_resp_err_t refused;

	for (;;) {
		refused = send_once(producer, record, tag_of(producer->batch, index));
		if (refused != RD_KAFKA_RESP_ERR__QUEUE_FULL || !deadline_left_ms(deadline_ms))
			break;
		rd_kafka_poll(producer->rk, 10);
	}
	if (refused)
		decide(record, refused);
	else
		producer->pending++;
}

/* Wait for the reports, without lingering; what is late is purged, which reports it too. */
static void await_reports(struct kafka_producer *producer, int64_t deadline_ms)
{
	int64_t purged_ms;

	while (producer->pending > 0 && deadline_left_ms(deadline_ms) > 0)
		rd_kafka_flush(producer->rk, (int)deadline_left_ms(deadline_ms));
	if (!producer->pending)
		return;
	rd_kafka_purge(producer->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	purged_ms = deadline_in_ms(PURGE_MS);
	while (producer->pending > 0 && deadline_left_ms(purged_ms) > 0)
		rd_kafka_poll(producer->rk, 10);
}

/* Somebody may have made the topic since. */
static void look_for_topics(struct kafka_producer *producer, int64_t deadline_ms)
{
	const rd_kafka_metadata_t *metadata;
	int64_t left_ms = deadline_left_ms(deadline_ms);

	if (!producer->topic_missed)
		return;
	if (!rd_kafka_metadata(producer->rk, 0, NULL, &metadata,
			       (int)(left_ms < REFRESH_MS ? left_ms : REFRESH_MS)))
		rd_kafka_metadata_destroy(metadata);
	producer->topic_missed = false;
}

static void begin(struct kafka_producer *producer, struct kafka_record *records)
{
	producer->batch++;
	producer->records = records;
	producer->pending = 0;
}

/* The broker refuses a whole request because of one record in it: whoever was refused is asked about alone. */
static void send_refused_alone(struct kafka_producer *producer, struct kafka_record *records, int count,
			       int64_t deadline_ms)
{
	for (int i = 0; i < count; i++) {
		if (records[i].fate != KAFKA_REFUSED)
			continue;
		records[i].fate = KAFKA_UNKNOWN;
		begin(producer, &records[i]);
		produce(producer, 0, deadline_ms);
		await_reports(producer, deadline_ms);
	}
}

enum err_kind kafka_produce_batch(struct kafka_producer *producer, struct kafka_record *records, int count,
				  int64_t deadline_ms, struct err *err)
{
	char why[128];
	int delivered = 0;
	int unknown = 0;

	look_for_topics(producer, deadline_ms);
	begin(producer, records);
	for (int i = 0; i < count; i++) {
		records[i].fate = KAFKA_UNKNOWN;
		str_copy(records[i].reason, sizeof(records[i].reason), "no report");
	}
	for (int i = 0; i < count; i++)
		produce(producer, i, deadline_ms);
	CRASH_POINT("relay.after_produce");
	await_reports(producer, deadline_ms);
	if (count > 1)
		send_refused_alone(producer, records, count, deadline_ms);
	begin(producer, NULL);
	for (int i = 0; i < count; i++) {
		unknown += records[i].fate == KAFKA_UNKNOWN;
		delivered += records[i].fate == KAFKA_DELIVERED;
		producer->topic_missed |= records[i].fate == KAFKA_NO_TOPIC;
	}
	if (delivered)
		kafka_monitor_heard(&producer->monitor);
	if (rd_kafka_fatal_error(producer->rk, why, sizeof(why)))
		return err_set(err, ERR_UNSURE, "kafka_broken", "%s", why);
	if (unknown)
		return err_set(err, ERR_UNSURE, "kafka_unknown", "%d of %d records have no known fate",
			       unknown, count);
	return ERR_OK;
}
