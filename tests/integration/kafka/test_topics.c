#include <criterion/criterion.h>
#include <stdio.h>

#include "topic.h"

TestSuite(kafka_topics, .init = topic_make, .timeout = 60);

Test(kafka_topics, those_that_are_there_are_left_alone)
{
	struct kafka_options options = topic_options();
	char second[140];
	const char *topics[] = {topic_name, second};
	struct kafka_consumer *consumer;
	struct err err = {0};

	snprintf(second, sizeof(second), "%s.second", topic_name);
	for (int i = 0; i < 2; i++)
		ASSERT_OK(kafka_topics_create(&options, topics, 2, 9, 20000, &err), err);
	consumer = topic_consumer();
	topic_await_assigned(consumer, TOPIC_PARTITIONS, NULL, 0);
	topic_close(consumer);
}

Test(kafka_topics, a_name_that_can_never_be_is_refused)
{
	struct kafka_options options = topic_options();
	const char *topics[] = {"not a topic"};
	struct err err = {0};

	ASSERT_ERR(kafka_topics_create(&options, topics, 1, 1, 20000, &err), ERR_REJECT, "kafka_refused",
		   err);
}

Test(kafka_topics, a_broker_that_is_not_there_is_tried_again)
{
	struct kafka_options options = {.bootstrap = "127.0.0.1:1", .client_id = "test"};
	const char *topics[] = {"any"};
	int64_t began_ms = deadline_in_ms(0);
	struct err err = {0};

	ASSERT_ERR(kafka_topics_create(&options, topics, 1, 1, 600, &err), ERR_RETRY, "kafka_unavailable",
		   err);
	cr_assert_lt(deadline_in_ms(0) - began_ms, 4000);
}
