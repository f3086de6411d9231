/* test_broken.c: brokers that are away, silent, or wrong. The wrong one is librdkafka's own test broker. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "topic.h"

TestSuite(kafka_broken, .timeout = 60);

static int listen_silently(char *ret_address, size_t cap)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(listener, 8), 0);
	cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	snprintf(ret_address, cap, "127.0.0.1:%d", ntohs(address.sin_port));
	return listener;
}

static void send_one_into_the_void(const char *address)
{
	struct kafka_options options = {.bootstrap = address, .client_id = "test"};
	struct kafka_record record = {.topic = "any", .value = "v", .value_len = 1};
	struct kafka_producer *producer;
	int64_t began_ms = deadline_in_ms(0);
	struct err err = {0};

	ASSERT_OK(kafka_producer_open(&options, 0, &producer, &err), err);
	ASSERT_ERR(kafka_produce_batch(producer, &record, 1, deadline_in_ms(700), &err), ERR_UNSURE,
		   "kafka_unknown", err);
	cr_assert_eq(record.fate, KAFKA_UNKNOWN);
	cr_assert_str_not_empty(record.reason);
	cr_assert_not(kafka_producer_is_broken(producer));
	topic_close_producer(producer);
	cr_assert_lt(deadline_in_ms(0) - began_ms, 5000);
}

Test(kafka_broken, a_producer_gives_up_on_a_broker_that_is_away_at_the_deadline)
{
	send_one_into_the_void("127.0.0.1:1");
}

Test(kafka_broken, a_producer_gives_up_on_a_silent_broker_at_the_deadline)
{
	char address[32];
	int listener = listen_silently(address, sizeof(address));

	send_one_into_the_void(address);
	close(listener);
}

static struct kafka_consumer *consumer_of(const char *address)
{
	static const char *const topics[] = {"any"};
	struct kafka_consumer_options options = {.kafka = {.bootstrap = address, .client_id = "test"},
						 .group = "g",
						 .topics = topics,
						 .topic_count = 1};
	struct kafka_consumer *consumer;
	struct err err = {0};

	ASSERT_OK(kafka_consumer_open(&options, &consumer, &err), err);
	return consumer;
}

Test(kafka_broken, a_consumer_says_that_all_brokers_are_down)
{
	struct kafka_consumer *consumer = consumer_of("127.0.0.1:1");
	struct kafka_health health;
	struct kafka_message message;
	struct err err = {0};

	kafka_consumer_health(consumer, &health);
	cr_assert_not(health.brokers_down);
	cr_assert_not(topic_next(consumer, 1500, &message));
	kafka_consumer_health(consumer, &health);
	cr_assert(health.brokers_down);
	cr_assert_gt(health.errors, 0);
	cr_assert_str_not_empty(health.last_error);
	cr_assert_not(instant_is_none(health.last_error_at));
	cr_assert_eq(health.assigned, 0);
	ASSERT_ERR(kafka_consumer_check(consumer, 200, &err), ERR_RETRY, "kafka_unavailable", err);
	topic_close(consumer);
}

Test(kafka_broken, closing_on_a_silent_broker_ends_by_the_deadline)
{
	char address[32];
	int listener = listen_silently(address, sizeof(address));
	struct kafka_consumer *consumer = consumer_of(address);
	struct kafka_message message;
	int64_t began_ms = deadline_in_ms(0);

	cr_assert_not(topic_next(consumer, 300, &message));
	kafka_consumer_close(consumer, deadline_in_ms(3000));
	cr_assert_lt(deadline_in_ms(0) - began_ms, 6000);
	close(listener);
}

struct mock {
	rd_kafka_t *rk;
	rd_kafka_mock_cluster_t *cluster;
};

static struct mock mock_open(void)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	struct mock mock = {0};
	char why[128];

	rd_kafka_conf_set(conf, "log_level", "0", why, sizeof(why));
	mock.rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	cr_assert_not_null(mock.rk);
	mock.cluster = rd_kafka_mock_cluster_new(mock.rk, 1);
	cr_assert_not_null(mock.cluster);
	rd_kafka_mock_topic_create(mock.cluster, "any", 1, 1);
	return mock;
}

static void mock_close(struct mock *mock)
{
	rd_kafka_mock_cluster_destroy(mock->cluster);
	rd_kafka_destroy(mock->rk);
}

/* librdkafka gives an idempotent handle up for good after some errors, before 2.3 even after a lost line and a refusal.
 * Which ones differs; the strictest setting makes any refusal one of them. */
Test(kafka_broken, a_producer_that_died_is_replaced)
{
	static const char *const strict[] = {"enable.gapless.guarantee=true", NULL};
	struct mock mock = mock_open();
	struct kafka_options options = {.bootstrap = rd_kafka_mock_cluster_bootstraps(mock.cluster),
					.client_id = "test",
					.overrides = strict};
	struct kafka_record record = {.topic = "any", .value = "v", .value_len = 1};
	struct kafka_producer *producer;
	struct err err = {0};

	ASSERT_OK(kafka_producer_open(&options, 0, &producer, &err), err);
	ASSERT_OK(kafka_produce_batch(producer, &record, 1, deadline_in_ms(10000), &err), err);
	rd_kafka_mock_push_request_errors(mock.cluster, 0 /* Produce */, 1,
					  RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	for (int i = 0; i < 2; i++) { /* and it stays dead */
		ASSERT_ERR(kafka_produce_batch(producer, &record, 1, deadline_in_ms(8000), &err), ERR_UNSURE,
			   "kafka_broken", err);
		cr_assert_neq(record.fate, KAFKA_DELIVERED);
		cr_assert(kafka_producer_is_broken(producer));
	}
	topic_close_producer(producer);
	ASSERT_OK(kafka_producer_open(&options, 0, &producer, &err), err);
	ASSERT_OK(kafka_produce_batch(producer, &record, 1, deadline_in_ms(10000), &err), err);
	cr_assert_eq(record.fate, KAFKA_DELIVERED);
	topic_close_producer(producer);
	mock_close(&mock);
}

/* The link drops with requests under way, and what follows is refused for a while. */
Test(kafka_broken, a_lost_line_and_a_refusal_are_survived_by_this_handle_or_the_next)
{
	static const char *const small_requests[] = {"batch.num.messages=5", NULL};
	struct mock mock = mock_open();
	struct kafka_options options = {.bootstrap = rd_kafka_mock_cluster_bootstraps(mock.cluster),
					.client_id = "test",
					.overrides = small_requests};
	struct kafka_record records[10];
	struct kafka_producer *producer;
	struct err err = {0};

	for (int i = 0; i < 10; i++)
		records[i] = (struct kafka_record){.topic = "any", .value = "v", .value_len = 1};
	ASSERT_OK(kafka_producer_open(&options, 50, &producer, &err), err);
	rd_kafka_mock_broker_push_request_error_rtts(mock.cluster, 1, 0 /* Produce */, 2,
						     RD_KAFKA_RESP_ERR__TRANSPORT, 0,
						     RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 0);
	if (kafka_produce_batch(producer, records, 10, deadline_in_ms(8000), &err)
	    && kafka_producer_is_broken(producer)) {
		topic_close_producer(producer);
		ASSERT_OK(kafka_producer_open(&options, 50, &producer, &err), err);
	}
	ASSERT_OK(kafka_produce_batch(producer, records, 10, deadline_in_ms(10000), &err), err);
	for (int i = 0; i < 10; i++)
		cr_assert_eq(records[i].fate, KAFKA_DELIVERED);
	topic_close_producer(producer);
	mock_close(&mock);
}

Test(kafka_broken, a_broker_that_comes_back_is_used_again)
{
	struct mock mock = mock_open();
	struct kafka_options options = {.bootstrap = rd_kafka_mock_cluster_bootstraps(mock.cluster),
					.client_id = "test"};
	struct kafka_record record = {.topic = "any", .value = "v", .value_len = 1};
	struct kafka_producer *producer;
	int64_t deadline_ms = deadline_in_ms(20000);
	struct err err = {0};

	ASSERT_OK(kafka_producer_open(&options, 0, &producer, &err), err);
	ASSERT_OK(kafka_produce_batch(producer, &record, 1, deadline_in_ms(10000), &err), err);
	rd_kafka_mock_broker_set_down(mock.cluster, 1);
	ASSERT_ERR(kafka_produce_batch(producer, &record, 1, deadline_in_ms(500), &err), ERR_UNSURE,
		   "kafka_unknown", err);
	rd_kafka_mock_broker_set_up(mock.cluster, 1);
	while (kafka_produce_batch(producer, &record, 1, deadline_in_ms(6000), &err)) {
		cr_assert_gt(deadline_left_ms(deadline_ms), 0);
		if (kafka_producer_is_broken(producer)) {
			topic_close_producer(producer);
			ASSERT_OK(kafka_producer_open(&options, 0, &producer, &err), err);
		}
	}
	cr_assert_eq(record.fate, KAFKA_DELIVERED);
	topic_close_producer(producer);
	mock_close(&mock);
}

Test(kafka_broken, a_consumer_learns_by_asking_that_the_broker_is_back)
{
	struct mock mock = mock_open();
	struct kafka_consumer *consumer = consumer_of(rd_kafka_mock_cluster_bootstraps(mock.cluster));
	int64_t deadline_ms = deadline_in_ms(20000);
	struct kafka_health health = {0};
	struct kafka_message message;
	struct err err = {0};

	ASSERT_OK(kafka_consumer_check(consumer, 5000, &err), err);
	rd_kafka_mock_broker_set_down(mock.cluster, 1);
	while (!health.brokers_down) {
		cr_assert_gt(deadline_left_ms(deadline_ms), 0);
		cr_assert_not(topic_next(consumer, 50, &message));
		kafka_consumer_health(consumer, &health);
	}
	ASSERT_ERR(kafka_consumer_check(consumer, 200, &err), ERR_RETRY, "kafka_unavailable", err);
	rd_kafka_mock_broker_set_up(mock.cluster, 1);
	ASSERT_OK(kafka_consumer_check(consumer, 5000, &err), err);
	kafka_consumer_health(consumer, &health);
	cr_assert_not(health.brokers_down);
	topic_close(consumer);
	mock_close(&mock);
}
