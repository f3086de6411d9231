#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "topic.h"

TestSuite(kafka_group, .init = topic_make, .timeout = 60);

static void count(struct kafka_consumer *consumer, int *times)
{
	struct kafka_message message;

	if (!topic_next(consumer, 0, &message))
		return;
	times[topic_number(&message)]++;
	cr_assert(topic_store(consumer, &message));
}

static int missing(const int *times, int from, int to)
{
	int none = 0;

	for (int i = from; i < to; i++)
		none += times[i] == 0;
	return none;
}

/* Members that come and go cleanly lose nothing and repeat nothing. */
Test(kafka_group, members_that_join_and_leave_share_the_work_exactly)
{
	static int times[300];
	struct kafka_consumer *first = topic_consumer();
	struct kafka_consumer *second;
	int64_t deadline_ms = deadline_in_ms(40000);

	topic_fill(0, 100);
	while (missing(times, 0, 50) > 25 && deadline_left_ms(deadline_ms) > 0)
		count(first, times);
	second = topic_consumer();
	topic_fill(100, 100);
	while (missing(times, 0, 200) && deadline_left_ms(deadline_ms) > 0) {
		count(first, times);
		count(second, times);
	}
	cr_assert_eq(missing(times, 0, 200), 0);
	topic_await_assigned(first, 2, second, 2);
	topic_close(second);
	topic_fill(200, 100);
	while (missing(times, 0, 300) && deadline_left_ms(deadline_ms) > 0)
		count(first, times);
	cr_assert_eq(missing(times, 0, 300), 0);
	for (int i = 0; i < 300; i++)
		cr_assert_eq(times[i], 1, "%d came %d times", i, times[i]);
	topic_close(first);
}

/* Of every partition one message that is polled and not stored. */
static void hold_one_each(struct kafka_consumer *consumer, struct kafka_message *held)
{
	int holding = 0;

	while (holding < TOPIC_PARTITIONS) {
		struct kafka_message message;

		cr_assert(topic_next(consumer, 20000, &message));
		holding += held[message.partition].topic == NULL;
		held[message.partition] = message;
		held[message.partition].topic = topic_name;
	}
}

Test(kafka_group, storing_after_the_partition_went_is_no_error_and_no_store)
{
	struct kafka_message held[TOPIC_PARTITIONS] = {{0}};
	struct kafka_consumer *first = topic_consumer();
	struct kafka_consumer *second;
	int lost = 0;

	topic_fill(0, 100);
	hold_one_each(first, held);
	second = topic_consumer();
	topic_await_assigned(first, 2, second, 2);
	for (int i = 0; i < TOPIC_PARTITIONS; i++)
		lost += !topic_store(first, &held[i]);
	cr_assert_geq(lost, 2);
	topic_close(first);
	topic_close(second);
}

/* The trap of rewinding and skipping: what was held from before the loss must not count after the regain. */
Test(kafka_group, a_message_of_an_earlier_assignment_does_not_skip_what_is_to_come_again)
{
	struct kafka_message held[TOPIC_PARTITIONS] = {{0}};
	struct kafka_consumer *first = topic_consumer();
	struct kafka_consumer *second;
	struct kafka_health health;

	topic_fill(0, 100);
	hold_one_each(first, held);
	kafka_consumer_pause(first); /* so that the regained partitions deliver nothing yet */
	second = topic_consumer();
	topic_await_assigned(first, 2, second, 2);
	topic_close(second);
	topic_await_assigned(first, TOPIC_PARTITIONS, NULL, 0);
	kafka_consumer_health(first, &health);
	cr_assert_eq(health.rebalances, 3);
	for (int i = 0; i < TOPIC_PARTITIONS; i++)
		cr_assert_not(topic_store(first, &held[i]));
	cr_assert_eq(topic_total_lag(first), 100);
	topic_close(first);
}

Test(kafka_group, what_is_assigned_while_paused_stays_silent_until_resumed)
{
	struct kafka_consumer *first = topic_consumer();
	struct kafka_consumer *second = topic_consumer();
	struct kafka_message message;

	topic_await_assigned(first, 2, second, 2);
	kafka_consumer_pause(first);
	topic_close(second);
	topic_await_assigned(first, TOPIC_PARTITIONS, NULL, 0);
	topic_fill(0, 40);
	cr_assert_not(topic_next(first, 500, &message));
	kafka_consumer_resume(first);
	for (int i = 0; i < 40; i++) {
		cr_assert(topic_next(first, 10000, &message), "%d of 40 came", i);
		cr_assert(topic_store(first, &message));
	}
	topic_close(first);
}

Test(kafka_group, closing_before_the_first_assignment_is_quick)
{
	struct kafka_consumer *consumer = topic_consumer();

	topic_close(consumer);
	topic_close(NULL);
}

Test(kafka_group, closing_with_a_borrowed_message_works)
{
	struct kafka_consumer *consumer = topic_consumer();
	struct kafka_message message;

	topic_fill(0, 1);
	cr_assert(topic_next(consumer, 20000, &message));
	topic_close(consumer);
}
