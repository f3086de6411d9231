#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "topic.h"

TestSuite(kafka_consume, .init = topic_make, .timeout = 60);

Test(kafka_consume, a_record_arrives_as_it_was_sent)
{
	const struct kafka_header headers[] = {
		{"ce_type", "unbook.test.v1", 14}, {"empty", "", 0}, {"none", NULL, 0}};
	struct kafka_record record = {.topic = topic_name,
				      .key = "\0k",
				      .key_len = 2,
				      .value = "a\0b",
				      .value_len = 3,
				      .headers = headers,
				      .header_count = 3};
	struct kafka_producer *producer = topic_producer();
	struct kafka_consumer *consumer = topic_consumer();
	int64_t now_ms = clock_system()->now(clock_system()).us / 1000;
	struct kafka_message message;
	struct err err = {0};

	ASSERT_OK(kafka_produce_batch(producer, &record, 1, deadline_in_ms(10000), &err), err);
	cr_assert_eq(record.fate, KAFKA_DELIVERED);
	cr_assert_str_eq(record.reason, "");
	cr_assert(topic_next(consumer, 20000, &message));
	cr_assert_str_eq(message.topic, topic_name);
	cr_assert_eq(message.offset, 0);
	cr_assert_eq(message.key_len, 2);
	cr_assert_arr_eq(message.key, "\0k", 2);
	cr_assert_eq(message.value_len, 3);
	cr_assert_arr_eq(message.value, "a\0b", 3);
	cr_assert_eq(message.header_count, 3);
	cr_assert_str_eq(message.headers[0].name, "ce_type");
	cr_assert_eq(message.headers[0].len, 14);
	cr_assert_arr_eq(message.headers[0].value, "unbook.test.v1", 14);
	cr_assert_eq(message.headers[1].len, 0);
	cr_assert_null(message.headers[2].value);
	cr_assert_lt(message.timestamp_ms - now_ms, 60000);
	cr_assert_gt(message.timestamp_ms - now_ms, -60000);
	topic_close_producer(producer);
	topic_close(consumer);
}

Test(kafka_consume, a_record_without_key_and_value_arrives_too)
{
	struct kafka_record record = {.topic = topic_name};
	struct kafka_producer *producer = topic_producer();
	struct kafka_consumer *consumer = topic_consumer();
	struct kafka_message message;
	struct err err = {0};

	ASSERT_OK(kafka_produce_batch(producer, &record, 1, deadline_in_ms(10000), &err), err);
	cr_assert(topic_next(consumer, 20000, &message));
	cr_assert_null(message.key);
	cr_assert_null(message.value);
	cr_assert_eq(message.value_len, 0);
	cr_assert_eq(message.header_count, 0);
	topic_close_producer(producer);
	topic_close(consumer);
}

Test(kafka_consume, headers_beyond_the_maximum_are_dropped)
{
	struct kafka_header headers[KAFKA_HEADERS_MAX + 3];
	struct kafka_record record = {
		.topic = topic_name, .headers = headers, .header_count = KAFKA_HEADERS_MAX + 3};
	struct kafka_producer *producer = topic_producer();
	struct kafka_consumer *consumer = topic_consumer();
	struct kafka_message message;
	struct err err = {0};

	for (int i = 0; i < record.header_count; i++)
		headers[i] = (struct kafka_header){"name", "v", 1};
	ASSERT_OK(kafka_produce_batch(producer, &record, 1, deadline_in_ms(10000), &err), err);
	cr_assert(topic_next(consumer, 20000, &message));
	cr_assert_eq(message.header_count, KAFKA_HEADERS_MAX);
	topic_close_producer(producer);
	topic_close(consumer);
}

Test(kafka_consume, a_group_goes_on_behind_what_it_stored)
{
	struct kafka_consumer *consumer = topic_consumer();
	struct kafka_message message;
	bool seen[20] = {false};

	topic_fill(0, 20);
	for (int i = 0; i < 12; i++) {
		cr_assert(topic_next(consumer, 20000, &message));
		cr_assert(topic_store(consumer, &message));
		seen[topic_number(&message)] = true;
	}
	cr_assert_eq(topic_total_lag(consumer), 8);
	topic_close(consumer);

	consumer = topic_consumer();
	for (int i = 0; i < 8; i++) {
		cr_assert(topic_next(consumer, 20000, &message));
		cr_assert_not(seen[topic_number(&message)], "%d came twice", topic_number(&message));
		seen[topic_number(&message)] = true;
		cr_assert_eq(topic_total_lag(consumer), 8 - i); /* asked of the group, then known */
		cr_assert(topic_store(consumer, &message));
	}
	cr_assert_eq(topic_total_lag(consumer), 0);
	cr_assert_not(topic_next(consumer, 300, &message));
	topic_close(consumer);
}

Test(kafka_consume, what_was_not_stored_comes_again)
{
	struct kafka_consumer *consumer = topic_consumer();
	struct kafka_message message;

	topic_fill(0, 3);
	for (int i = 0; i < 3; i++)
		cr_assert(topic_next(consumer, 20000, &message));
	topic_close(consumer);
	consumer = topic_consumer();
	cr_assert_eq(topic_total_lag((topic_await_assigned(consumer, TOPIC_PARTITIONS, NULL, 0), consumer)),
		     3);
	topic_close(consumer);
	consumer = topic_consumer();
	for (int i = 0; i < 3; i++)
		cr_assert(topic_next(consumer, 20000, &message));
	topic_close(consumer);
}

Test(kafka_consume, a_stored_offset_never_moves_back)
{
	struct kafka_consumer *consumer = topic_consumer();
	struct kafka_message message;
	int64_t last[TOPIC_PARTITIONS] = {-1, -1, -1, -1};
	struct err err = {0};

	topic_fill(0, 20);
	for (int i = 0; i < 20; i++) {
		cr_assert(topic_next(consumer, 20000, &message));
		cr_assert(topic_store(consumer, &message));
		last[message.partition] = message.offset;
	}
	for (int partition = 0; partition < TOPIC_PARTITIONS; partition++)
		if (last[partition] > 0)
			ASSERT_OK(kafka_consumer_store(consumer, topic_name, partition, 0, NULL, &err), err);
	topic_close(consumer);
	consumer = topic_consumer();
	topic_await_assigned(consumer, TOPIC_PARTITIONS, NULL, 0);
	cr_assert_eq(topic_total_lag(consumer), 0);
	topic_close(consumer);
}

Test(kafka_consume, nothing_comes_while_paused_and_everything_after_resuming)
{
	struct kafka_consumer *consumer = topic_consumer();
	struct kafka_message message;
	bool seen[30] = {false};

	topic_fill(0, 10);
	cr_assert(topic_next(consumer, 20000, &message)); /* the rest is fetched by now, or soon */
	seen[topic_number(&message)] = true;
	kafka_consumer_pause(consumer);
	kafka_consumer_pause(consumer);
	topic_fill(10, 20);
	cr_assert_not(topic_next(consumer, 500, &message));
	kafka_consumer_resume(consumer);
	kafka_consumer_resume(consumer);
	for (int i = 1; i < 30; i++) {
		cr_assert(topic_next(consumer, 10000, &message), "%d of 30 came", i);
		cr_assert_not(seen[topic_number(&message)]);
		seen[topic_number(&message)] = true;
		cr_assert(topic_store(consumer, &message));
	}
	cr_assert_not(topic_next(consumer, 300, &message));
	topic_close(consumer);
}

Test(kafka_consume, a_topic_that_is_made_later_is_found)
{
	char late[140];
	const char *topics[] = {late};
	struct kafka_options kafka = topic_options();
	struct kafka_consumer_options options = {
		.kafka = kafka, .group = topic_group, .topics = topics, .topic_count = 1};
	struct kafka_consumer *consumer;
	struct err err = {0};

	snprintf(late, sizeof(late), "%s.late", topic_name);
	ASSERT_OK(kafka_consumer_open(&options, &consumer, &err), err);
	ASSERT_ERR(kafka_consumer_check(consumer, 5000, &err), ERR_RETRY, "kafka_no_topic", err);
	ASSERT_OK(kafka_topics_create(&kafka, topics, 1, 2, 20000, &err), err);
	ASSERT_OK(kafka_consumer_check(consumer, 5000, &err), err);
	topic_await_assigned(consumer, 2, NULL, 0);
	topic_close(consumer);
}
