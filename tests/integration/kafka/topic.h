/* topic.h: a topic and a group of their own for each test, on the broker of UNBOOK_TEST_KAFKA. */
#ifndef TOPIC_H
#define TOPIC_H

#include "kafka.h"

#define TOPIC_PARTITIONS 4

extern char topic_name[128];
extern char topic_group[160];

/* For .init of a suite: names, and the topic with TOPIC_PARTITIONS partitions. */
void topic_make(void);
struct kafka_options topic_options(void);

struct kafka_consumer *topic_consumer(void);
struct kafka_producer *topic_producer(void);
void topic_close(struct kafka_consumer *consumer);
void topic_close_producer(struct kafka_producer *producer);

/* Write "<from>" to "<from + count - 1>" with the number as key, all delivered. */
void topic_fill(int from, int count);

/* The next message, or false after timeout_ms. */
bool topic_next(struct kafka_consumer *consumer, int64_t timeout_ms, struct kafka_message *ret_message);
/* Store it; true: still ours. */
bool topic_store(struct kafka_consumer *consumer, const struct kafka_message *message);
/* The number in a message written by topic_fill. */
int topic_number(const struct kafka_message *message);
/* Poll both (the second may be NULL), dropping messages, until they have so many partitions. */
void topic_await_assigned(struct kafka_consumer *first, int first_count, struct kafka_consumer *second,
			  int second_count);
int64_t topic_total_lag(struct kafka_consumer *consumer);

#define ASSERT_OK(call, err) cr_assert_eq((call), ERR_OK, "%s: %s", (err).code, (err).msg)
#define ASSERT_ERR(call, wanted_kind, wanted_code, err)                                        \
	do {                                                                                   \
		enum err_kind kind_ = (call);                                                  \
		cr_assert_eq(kind_, (wanted_kind), "%d %s: %s", kind_, (err).code, (err).msg); \
		cr_assert_str_eq((err).code, (wanted_code));                                   \
	} while (0)

#endif
