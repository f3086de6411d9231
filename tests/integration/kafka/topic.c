#include "topic.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char topic_name[128];
char topic_group[160];

struct kafka_options topic_options(void)
{
	const char *bootstrap = getenv("UNBOOK_TEST_KAFKA");

	cr_assert_not_null(bootstrap, "UNBOOK_TEST_KAFKA is not set");
	return (struct kafka_options){.bootstrap = bootstrap, .client_id = "test"};
}

void topic_make(void)
{
	struct kafka_options options = topic_options();
	const char *topics[] = {topic_name};
	struct err err = {0};

	snprintf(topic_name, sizeof(topic_name), "io.%d.%" PRId64, (int)getpid(),
		 clock_system()->now(clock_system()).us);
	snprintf(topic_group, sizeof(topic_group), "group.%s", topic_name);
	ASSERT_OK(kafka_topics_create(&options, topics, 1, TOPIC_PARTITIONS, 20000, &err), err);
}

struct kafka_consumer *topic_consumer(void)
{
	const char *topics[] = {topic_name};
	struct kafka_consumer_options options = {
		.kafka = topic_options(),
		.group = topic_group,
		.topics = topics,
		.topic_count = 1,
		.fetch_wait_ms = 10,
	};
	struct kafka_consumer *consumer;
	struct err err = {0};

	ASSERT_OK(kafka_consumer_open(&options, &consumer, &err), err);
	return consumer;
}

struct kafka_producer *topic_producer(void)
{
	struct kafka_options options = topic_options();
	struct kafka_producer *producer;
	struct err err = {0};

	ASSERT_OK(kafka_producer_open(&options, 0, &producer, &err), err);
	return producer;
}

void topic_close(struct kafka_consumer *consumer)
{
	cr_assert(kafka_consumer_close(consumer, deadline_in_ms(10000)));
}

void topic_close_producer(struct kafka_producer *producer)
{
	cr_assert(kafka_producer_close(producer, deadline_in_ms(10000)));
}

void topic_fill(int from, int count)
{
	struct kafka_record *records = calloc((size_t)count, sizeof(*records));
	char(*numbers)[16] = calloc((size_t)count, sizeof(*numbers));
	struct kafka_producer *producer = topic_producer();
	struct err err = {0};

	for (int i = 0; i < count; i++) {
		snprintf(numbers[i], sizeof(numbers[i]), "%d", from + i);
		records[i] = (struct kafka_record){.topic = topic_name,
						   .key = numbers[i],
						   .key_len = strlen(numbers[i]),
						   .value = numbers[i],
						   .value_len = strlen(numbers[i])};
	}
	ASSERT_OK(kafka_produce_batch(producer, records, count, deadline_in_ms(10000), &err), err);
	for (int i = 0; i < count; i++)
		cr_assert_eq(records[i].fate, KAFKA_DELIVERED, "%s", records[i].reason);
	topic_close_producer(producer);
	free(numbers);
	free(records);
}

bool topic_next(struct kafka_consumer *consumer, int64_t timeout_ms, struct kafka_message *ret_message)
{
	int64_t deadline_ms = deadline_in_ms(timeout_ms);
	struct err err = {0};
	bool got = false;

	do
		ASSERT_OK(kafka_consumer_poll(consumer, 20, &got, ret_message, &err), err);
	while (!got && deadline_left_ms(deadline_ms) > 0);
	return got;
}

bool topic_store(struct kafka_consumer *consumer, const struct kafka_message *message)
{
	struct err err = {0};
	bool lost;

	ASSERT_OK(kafka_consumer_store(consumer, message->topic, message->partition, message->offset, &lost,
				       &err),
		  err);
	return !lost;
}

int topic_number(const struct kafka_message *message)
{
	char text[16];

	snprintf(text, sizeof(text), "%.*s", (int)message->value_len, (const char *)message->value);
	return (int)strtol(text, NULL, 10);
}

static bool has_assigned(struct kafka_consumer *consumer, int count)
{
	struct kafka_message dropped;
	struct kafka_health health;

	if (!consumer)
		return true;
	topic_next(consumer, 0, &dropped);
	kafka_consumer_health(consumer, &health);
	return health.assigned == count;
}

void topic_await_assigned(struct kafka_consumer *first, int first_count, struct kafka_consumer *second,
			  int second_count)
{
	int64_t deadline_ms = deadline_in_ms(20000);
	bool first_has;
	bool second_has;

	do {
		first_has = has_assigned(first, first_count);
		second_has = has_assigned(second, second_count);
		cr_assert_gt(deadline_left_ms(deadline_ms), 0, "no such assignment in 20 s");
	} while (!first_has || !second_has);
}

int64_t topic_total_lag(struct kafka_consumer *consumer)
{
	struct kafka_lag lags[TOPIC_PARTITIONS];
	int count = kafka_consumer_lag(consumer, lags, TOPIC_PARTITIONS, 5000);
	int64_t total = 0;

	cr_assert_eq(count, TOPIC_PARTITIONS);
	for (int i = 0; i < count; i++) {
		cr_assert_geq(lags[i].messages, 0);
		cr_assert_str_eq(lags[i].topic, topic_name);
		total += lags[i].messages;
	}
	return total;
}
