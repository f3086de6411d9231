/* rig.h: a migrated database of its own, topics of its own on UNBOOK_TEST_KAFKA (without it, on librdkafka's test broker), and the
 * test broker where a test has to torment it. */
#ifndef RIG_H
#define RIG_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "database.h"
#include "event.h"
#include "kafka.h"
#include "relay.h"
#include "worker.h"

#define RIG_WAIT_MS 30000

struct rig {
	char bootstrap[256];
	char prefix[64];
	struct pg_pool *pool;
	struct kafka_producer *producer;
	rd_kafka_t *host; /* of the mock cluster */
	rd_kafka_mock_cluster_t *mock;
};

/* For .init and .fini of a suite: the second one has the test broker always. */
void rig_make(void);
void rig_make_with_mock(void);
void rig_drop(void);
extern struct rig rig;

void rig_sql(const char *sql);
/* The statement's number becomes wanted within RIG_WAIT_MS, or the test fails. */
void rig_expect(const char *sql, int64_t wanted);
/* It stays wanted for so long. */
void rig_expect_still(const char *sql, int64_t wanted, int64_t ms);
/* Until done() says so. */
void rig_wait(bool (*done)(void *context), void *context, const char *what);

/* Refuse all connections to the database, those that are open included; and take them again. */
void rig_postgres_away(void);
void rig_postgres_back(void);

/* Put a record into a topic (bare name) and wait for its delivery. */
void rig_send(const struct event_record *record, const char *key);
/* A checkout.check event about this toy. */
void rig_ring(int64_t toy);

struct relay *rig_relay(void);
void rig_relay_close(struct relay *relay);

/* The value of a metric's first series whose line starts with so; -1: there is none. */
int64_t rig_metric(const char *start);

#endif
