#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topic.h"

TestSuite(kafka_produce, .init = topic_make, .timeout = 60);

static const struct kafka_header header = {"ce_type", "x", 1};

static struct kafka_record record_of(const char *topic, const void *value, size_t len)
{
	return (struct kafka_record){
		.topic = topic, .value = value, .value_len = len, .headers = &header, .header_count = 1};
}

Test(kafka_produce, one_bad_record_does_not_hold_up_the_others)
{
	static char big[2 * 1024 * 1024];
	char nowhere[140];
	struct kafka_record records[] = {
		record_of(topic_name, "1", 1),   record_of(topic_name, big, sizeof(big)),
		record_of("bad topic!", "2", 1), record_of(nowhere, "3", 1),
		record_of("", "4", 1),           record_of(topic_name, "5", 1),
	};
	static const enum kafka_fate fates[] = {KAFKA_DELIVERED, KAFKA_REFUSED, KAFKA_REFUSED,
						KAFKA_NO_TOPIC,  KAFKA_REFUSED, KAFKA_DELIVERED};
	struct kafka_producer *producer = topic_producer();
	struct kafka_options options = topic_options();
	const char *topics[] = {nowhere};
	struct err err = {0};

	snprintf(nowhere, sizeof(nowhere), "%s.nowhere", topic_name);
	ASSERT_OK(kafka_produce_batch(producer, records, 6, deadline_in_ms(10000), &err), err);
	for (int i = 0; i < 6; i++)
		cr_assert_eq(records[i].fate, fates[i], "%d: %d %s", i, records[i].fate, records[i].reason);
	cr_assert_str_eq(records[1].reason, "MSG_SIZE_TOO_LARGE");
	/* Once it is there, the same handle delivers to it. */
	ASSERT_OK(kafka_topics_create(&options, topics, 1, 1, 20000, &err), err);
	ASSERT_OK(kafka_produce_batch(producer, &records[3], 1, deadline_in_ms(10000), &err), err);
	cr_assert_eq(records[3].fate, KAFKA_DELIVERED, "%s", records[3].reason);
	topic_close_producer(producer);
}

/* A topic that takes less than the client would send. */
static void make_narrow_topic(const char *name)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[128];
	rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(name, 1, -1, why, sizeof(why));
	rd_kafka_queue_t *queue;
	rd_kafka_event_t *event;
	rd_kafka_t *rk;

	rd_kafka_conf_set(conf, "bootstrap.servers", topic_options().bootstrap, why, sizeof(why));
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	cr_assert_not_null(rk);
	queue = rd_kafka_queue_new(rk);
	rd_kafka_NewTopic_set_config(wanted, "max.message.bytes", "1000");
	rd_kafka_CreateTopics(rk, &wanted, 1, NULL, queue);
	event = rd_kafka_queue_poll(queue, 20000);
	cr_assert_not_null(event);
	cr_assert_eq(rd_kafka_event_error(event), 0);
	rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_NewTopic_destroy(wanted);
	rd_kafka_destroy(rk);
}

/* The broker judges whole requests: without asking again, the small neighbours would be refused as well. */
Test(kafka_produce, what_the_broker_finds_too_large_is_refused_alone)
{
	static char large[3000];
	char narrow[140];
	struct kafka_record records[30];
	struct kafka_producer *producer;
	struct kafka_options options = topic_options();
	struct err err = {0};

	snprintf(narrow, sizeof(narrow), "%s.narrow", topic_name);
	make_narrow_topic(narrow);
	ASSERT_OK(kafka_producer_open(&options, 50, &producer, &err), err);
	for (int i = 0; i < 30; i++)
		records[i] = record_of(narrow, large, i == 7 ? sizeof(large) : 5);
	ASSERT_OK(kafka_produce_batch(producer, records, 30, deadline_in_ms(20000), &err), err);
	for (int i = 0; i < 30; i++)
		cr_assert_eq(records[i].fate, i == 7 ? KAFKA_REFUSED : KAFKA_DELIVERED, "%d: %s", i,
			     records[i].reason);
	cr_assert_not(kafka_producer_is_broken(producer));
	topic_close_producer(producer);
}

Test(kafka_produce, the_same_key_goes_to_the_same_partition)
{
	struct kafka_record records[20];
	struct kafka_producer *producer = topic_producer();
	struct kafka_consumer *consumer = topic_consumer();
	struct kafka_message message;
	struct err err = {0};
	int32_t partition = -1;

	for (int i = 0; i < 20; i++) {
		records[i] = record_of(topic_name, "v", 1);
		records[i].key = "booking-17";
		records[i].key_len = 10;
	}
	ASSERT_OK(kafka_produce_batch(producer, records, 20, deadline_in_ms(10000), &err), err);
	for (int i = 0; i < 20; i++) {
		cr_assert(topic_next(consumer, 20000, &message));
		cr_assert(partition < 0 || message.partition == partition);
		partition = message.partition;
	}
	topic_close_producer(producer);
	topic_close(consumer);
}

Test(kafka_produce, batches_follow_each_other)
{
	struct kafka_record *records = calloc(2000, sizeof(*records));
	struct kafka_producer *producer = topic_producer();
	struct err err = {0};

	cr_assert_not_null(records);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 2000; i++)
			records[i] = record_of(topic_name, "value", 5);
		ASSERT_OK(kafka_produce_batch(producer, records, 2000, deadline_in_ms(20000), &err), err);
	}
	ASSERT_OK(kafka_produce_batch(producer, records, 0, deadline_in_ms(0), &err), err);
	topic_close_producer(producer);
	free(records);
}

Test(kafka_produce, settings_that_cannot_work_are_fatal)
{
	static const char *const unknown[] = {"no.such.setting=1", NULL};
	static const char *const no_value[] = {"security.protocol", NULL};
	struct kafka_options options = {.bootstrap = "", .client_id = "test"};
	struct kafka_producer *producer;
	struct err err = {0};

	ASSERT_ERR(kafka_producer_open(&options, 0, &producer, &err), ERR_FATAL, "kafka_config", err);
	options.bootstrap = "127.0.0.1:1";
	options.overrides = unknown;
	ASSERT_ERR(kafka_producer_open(&options, 0, &producer, &err), ERR_FATAL, "kafka_config", err);
	options.overrides = no_value;
	ASSERT_ERR(kafka_producer_open(&options, 0, &producer, &err), ERR_FATAL, "kafka_config", err);
	cr_assert(kafka_producer_close(NULL, deadline_in_ms(0)));
}
