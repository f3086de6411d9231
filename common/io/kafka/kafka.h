/* kafka.h: Kafka over librdkafka: the doorbell and the public record, never a truth. Headers and values are bytes. Nothing here logs: what
 * librdkafka reports is counted in struct kafka_health. */
#ifndef KAFKA_H
#define KAFKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"

#define KAFKA_HEADERS_MAX 32
struct kafka_header {
	const char *name;
	const void *value; /* may be NULL */
	size_t len;
};

/* All copied by whoever opens. */
struct kafka_options {
	const char *bootstrap;        /* host:port,... */
	const char *client_id;        /* the service's name */
	const char *const *overrides; /* librdkafka's "name=value", up to a NULL; may be NULL */
};

/* What librdkafka has reported since open; for readyz and metrics. */
struct kafka_health {
	int64_t errors;               /* error callbacks, failed polls, refused stores */
	int64_t rebalances;           /* assignments received; consumer only */
	int assigned;                 /* partitions now; consumer only */
	bool brokers_down;            /* every broker was lost, and nothing has been heard since */
	bool broken;                  /* librdkafka's "fatal": close it and open anew */
	struct instant last_error_at; /* INSTANT_NONE: never */
	char last_error[192];
};

/* --- consumer ---
 * poll, pause, resume and close belong to one thread; store, lag, health and check may be called from any. */
struct kafka_consumer;

struct kafka_consumer_options {
	struct kafka_options kafka;
	const char *group;
	const char *const *topics;
	int topic_count;
	int64_t session_ms;      /* 0: 6000 */
	int64_t fetch_wait_ms;   /* 0: 50 */
	int64_t prefetch_kbytes; /* 0: 16384, over all partitions */
};

/* Subscribe: `range` assignor, dynamic members, from the earliest offset at first. Waits for no broker. Errors ERR_FATAL kafka_config. */
enum err_kind kafka_consumer_open(const struct kafka_consumer_options *options,
				  struct kafka_consumer **ret_consumer, struct err *err) MUST_CHECK;

struct kafka_message {
	const char *topic;
	int32_t partition;
	int64_t offset;
	const void *key; /* NULL: none */
	size_t key_len;
	const void *value; /* NULL: none (a tombstone) */
	size_t value_len;
	int64_t timestamp_ms;                           /* since 1970; 0: unknown */
	struct kafka_header headers[KAFKA_HEADERS_MAX]; /* those beyond are dropped */
	int header_count;
};

/* Wait at most timeout_ms for one message; serves rebalances, so call it every few seconds, paused too. *ret_got false: none came (a
 * broker's error counts in the health only). The message is borrowed until the next poll or close. Errors ERR_RETRY kafka_broken: reopen. */
enum err_kind kafka_consumer_poll(struct kafka_consumer *consumer, int64_t timeout_ms, bool *ret_got,
				  struct kafka_message *ret_message, struct err *err) MUST_CHECK;

/* This message needs no second delivery: remember offset + 1, committed every second, on revocation and on close. Call in the order of
 * delivery; never moves back; does not block. *ret_lost (may be NULL): the partition went to a member that may see the message again: no
 * error. Errors ERR_RETRY kafka_store. */
enum err_kind kafka_consumer_store(struct kafka_consumer *consumer, const char *topic, int32_t partition,
				   int64_t offset, bool *ret_lost, struct err *err) MUST_CHECK;

/* Stop and take up fetching, of what is assigned meanwhile too. Idempotent: the library is told once. */
void kafka_consumer_pause(struct kafka_consumer *consumer);
void kafka_consumer_resume(struct kafka_consumer *consumer);

struct kafka_lag {
	char topic[96];
	int32_t partition;
	int64_t messages; /* not yet stored; -1: not known yet */
};
/* Fills at most max of the assigned partitions, returns how many. May ask a broker, at most timeout_ms. */
int kafka_consumer_lag(struct kafka_consumer *consumer, struct kafka_lag *ret_lags, int max,
		       int64_t timeout_ms);
void kafka_consumer_health(struct kafka_consumer *consumer, struct kafka_health *ret_health);

/* Ask a broker whether all subscribed topics exist, and with it whether one is there: then brokers_down ends. Over a connection of its own
 * (the consumer's may hang after a broker forgot group or topics), so at most timeout_ms for the answer and as long again to close. Errors
 * ERR_RETRY kafka_unavailable, kafka_no_topic. */
enum err_kind kafka_consumer_check(struct kafka_consumer *consumer, int64_t timeout_ms,
				   struct err *err) MUST_CHECK;

/* Commit what is stored, leave the group, free; not past deadline_ms (as of deadline_in_ms, as everywhere here). False: it hangs and its
 * memory is lost; end with _exit. NULL is fine. No other thread may be using it. */
bool kafka_consumer_close(struct kafka_consumer *consumer, int64_t deadline_ms);

/* --- producer ---
 * Idempotent, acks=all, message.timeout.ms 5000. One thread at a time. */
struct kafka_producer;

/* Does not wait for a broker. linger_ms: 0 sends at once. Errors ERR_FATAL kafka_config. */
enum err_kind kafka_producer_open(const struct kafka_options *options, int64_t linger_ms,
				  struct kafka_producer **ret_producer, struct err *err) MUST_CHECK;

/* Learn these topics' leaders now: else the first record to each waits for librdkafka's look around, once a second (2.0.2, measured).
 * Blocks at most timeout_ms; what it does not learn in that time is only slower. */
void kafka_producer_learn(struct kafka_producer *producer, const char *const *topics, int topic_count,
			  int64_t timeout_ms);

enum kafka_fate {
	KAFKA_UNKNOWN,   /* perhaps written: send again later (a consumer may see it twice) */
	KAFKA_DELIVERED, /* written to all replicas that must have it */
	KAFKA_NO_TOPIC,  /* not written: the topic is not there; create it and send again */
	KAFKA_REFUSED,   /* not written and never will be: too large, bad topic name, broker's rules */
};

struct kafka_record {
	const char *topic;
	const void *key; /* decides the partition as the Java client does (murmur2); NULL: any */
	size_t key_len;
	const void *value;
	size_t value_len;
	const struct kafka_header *headers;
	int header_count;
	enum kafka_fate fate; /* out */
	char reason[64];      /* out: librdkafka's name of the error, "" when delivered */
};

/* Send all and wait for every fate, not past deadline_ms; what is left then is purged and KAFKA_UNKNOWN. Records are borrowed. Errors (fates
 * are filled all the same): ERR_UNSURE kafka_unknown when a fate is KAFKA_UNKNOWN; ERR_UNSURE kafka_broken when the handle is dead: reopen. */
enum err_kind kafka_produce_batch(struct kafka_producer *producer, struct kafka_record *records, int count,
				  int64_t deadline_ms, struct err *err) MUST_CHECK;
bool kafka_producer_is_broken(const struct kafka_producer *producer);
/* Purges what is queued. Not past deadline_ms, else false and its memory is lost. NULL is fine. */
bool kafka_producer_close(struct kafka_producer *producer, int64_t deadline_ms);
/* --- topics --- over a connection of their own each time, at most timeout_ms. Create those that are missing; one that is there is left
 * alone, whatever its partitions. A broker that cannot create (librdkafka's test broker) makes them when asked for. Errors ERR_RETRY
 * kafka_unavailable; ERR_REJECT kafka_refused (name or count invalid, not allowed); ERR_FATAL kafka_config. */
enum err_kind kafka_topics_create(const struct kafka_options *options, const char *const *topics,
				  int topic_count, int partitions, int64_t timeout_ms,
				  struct err *err) MUST_CHECK;
#endif
