/* relay_internal.h: shared by relay.c (thread) and relay_batch.c (one batch). */
#ifndef RELAY_INTERNAL_H
#define RELAY_INTERNAL_H

#include <stdatomic.h>

#include "event.h"
#include "kafka.h"
#include "monitor.h"
#include "outbox.h"
#include "relay.h"
#include "rfc3339.h"

#define RELAY_TOPICS  4
#define RELAY_HEADERS 7

/* What a row becomes; the rows themselves stay in the answer of PostgreSQL. */
struct relay_record {
	int64_t id;
	char id_text[24];
	char time_text[RFC3339_BYTES];
	char traceparent[ID_TRACEPARENT_BYTES];
	struct kafka_header headers[RELAY_HEADERS];
};

enum relay_outcome {
	RELAY_IDLE,    /* nothing is there */
	RELAY_SENT,    /* all that was there; let a few rows gather */
	RELAY_MORE,    /* a full batch went, look again at once */
	RELAY_BUSY,    /* another relay is at work */
	RELAY_TROUBLE, /* PostgreSQL or Kafka does not answer */
};

struct relay {
	char *pg_url, *kafka_bootstrap, *client_id;
	char *topics[RELAY_TOPICS]; /* with the prefix */
	int partitions;

	pthread_t thread;
	struct monitor monitor;
	bool poked, stopping, done; /* under monitor */
	atomic_int_least64_t tick_ms;
	atomic_bool pg_away, kafka_away;

	/* The thread's own. */
	struct pg *db;
	struct kafka_producer *producer;
	char source[64]; /* "/unbook/<instance id>", "" until it was read */
	bool topics_are_there;
	int failures;
	int sent; /* rows of the last batch that went well */
	struct kafka_record records[OUTBOX_BATCH_MAX];
	struct relay_record parts[OUTBOX_BATCH_MAX];
	int64_t finished[OUTBOX_BATCH_MAX]; /* ids to delete */
};

/* The topic of an aggregate, with the prefix; NULL for an unknown one. */
const char *relay_topic(const struct relay *relay, const char *aggregatetype);

/* Take one batch, send it, delete what arrived. db and producer are open. */
enum relay_outcome relay_batch(struct relay *relay, struct err *err);

#endif
