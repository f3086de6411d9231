/* kafka_private.h: what the files of this adapter share. */
#ifndef KAFKA_PRIVATE_H
#define KAFKA_PRIVATE_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>

#include "kafka.h"

/* What librdkafka's threads report. The opaque of every handle points at one of these. */
struct kafka_monitor {
	pthread_mutex_t lock;
	struct kafka_health health;
};

void kafka_monitor_init(struct kafka_monitor *monitor);
void kafka_monitor_release(struct kafka_monitor *monitor);
void kafka_monitor_note(struct kafka_monitor *monitor, rd_kafka_resp_err_t code, const char *reason);
void kafka_monitor_heard(struct kafka_monitor *monitor); /* a broker answered */
void kafka_monitor_read(struct kafka_monitor *monitor, struct kafka_health *ret_health);

struct kafka_setting {
	const char *name;
	const char *text; /* NULL: number holds the value */
	int64_t number;
};

/* A handle with these settings and then the overrides. tune (may be NULL) sets callbacks. */
enum err_kind kafka_handle_new(rd_kafka_type_t type, const struct kafka_options *options,
			       const struct kafka_setting *settings, void (*tune)(rd_kafka_conf_t *conf),
			       struct kafka_monitor *monitor, rd_kafka_t **ret_rk,
			       struct err *err) MUST_CHECK;

/* Ask for each topic by its own name, so that this handle knows its leaders. Not past deadline_ms. */
void kafka_learn_topics(rd_kafka_t *rk, const char *const *topics, int topic_count, int64_t deadline_ms);

/* Run close(subject) in a thread of its own, not past deadline_ms. False: it is still running and keeps subject. */
bool kafka_close_bounded(void (*close)(void *subject), void *subject, int64_t deadline_ms);

/* Whether all these topics exist, asked over a connection of its own with the settings of rk. Blocks at most twice timeout_ms: the answer,
 * and closing. Errors ERR_RETRY kafka_unavailable, kafka_no_topic. */
enum err_kind kafka_ask_apart(rd_kafka_t *rk, const char *const *topics, int topic_count, int64_t timeout_ms,
			      struct err *err) MUST_CHECK;

struct kafka_partition {
	char *topic;
	int32_t partition;
	int64_t delivered; /* one beyond the last message polled under this assignment; -1: none */
	int64_t stored;    /* one beyond the last message stored under this assignment; -1: none */
	int64_t committed; /* of the group, as far as asked for; -1: none or not asked */
	bool paused;       /* told to the library */
};

struct kafka_consumer {
	struct kafka_monitor monitor; /* first: the opaque */
	rd_kafka_t *rk;
	rd_kafka_message_t *borrowed; /* by whoever polled last */
	char **topics;
	int topic_count;
	bool paused;
	/* Guarded by monitor.lock, for store and lag. */
	struct kafka_partition *partitions;
	int partition_count;
};

/* librdkafka's callback, in the thread that polls or closes. */
void kafka_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t event, rd_kafka_topic_partition_list_t *list,
			void *opaque);
/* NULL: not assigned. Caller holds monitor.lock. */
struct kafka_partition *kafka_partition_find(struct kafka_consumer *consumer, const char *topic,
					     int32_t partition);
void kafka_partitions_release(struct kafka_consumer *consumer);

#endif
