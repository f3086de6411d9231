/* kafka_assignment.c: the partitions that are ours now: assigned, revoked, paused, resumed */
#include <stdlib.h>
#include <string.h>

#include "kafka_private.h"
#include "str.h"

struct kafka_partition *kafka_partition_find(struct kafka_consumer *consumer, const char *topic,
					     int32_t partition)
{
	for (int i = 0; i < consumer->partition_count; i++) {
		struct kafka_partition *each = &consumer->partitions[i];

		if (each->partition == partition && str_eq(each->topic, topic))
			return each;
	}
	return NULL;
}

void kafka_partitions_release(struct kafka_consumer *consumer)
{
	for (int i = 0; i < consumer->partition_count; i++)
		free(consumer->partitions[i].topic);
	free(consumer->partitions);
	consumer->partitions = NULL;
	consumer->partition_count = 0;
}

/* Out of memory: false, and nothing is ours, so that the group would rather stall than work untracked. */
static bool remember(struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
	kafka_partitions_release(consumer);
	if (!list || !list->cnt)
		return true;
	consumer->partitions = calloc((size_t)list->cnt, sizeof(*consumer->partitions));
	if (!consumer->partitions)
		return false;
	for (int i = 0; i < list->cnt; i++) {
		struct kafka_partition *each = &consumer->partitions[i];

		*each = (struct kafka_partition){.topic = strdup(list->elems[i].topic),
						 .partition = list->elems[i].partition,
						 .delivered = -1,
						 .stored = -1,
						 .committed = -1};
		if (!each->topic) {
			kafka_partitions_release(consumer);
			return false;
		}
		consumer->partition_count = i + 1;
	}
	return true;
}

static void assign(struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
	bool remembered;

	pthread_mutex_lock(&consumer->monitor.lock);
	remembered = remember(consumer, list);
	consumer->monitor.health.assigned = consumer->partition_count;
	if (list)
		consumer->monitor.health.rebalances++;
	pthread_mutex_unlock(&consumer->monitor.lock);
	rd_kafka_assign(consumer->rk, remembered ? list : NULL);
}

/* Tell the library about every partition whose own state differs from the wanted one, and only about those. */
static void apply_pause(struct kafka_consumer *consumer)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);

	pthread_mutex_lock(&consumer->monitor.lock);
	for (int i = 0; i < consumer->partition_count; i++) {
		struct kafka_partition *each = &consumer->partitions[i];

		if (each->paused == consumer->paused)
			continue;
		rd_kafka_topic_partition_list_add(list, each->topic, each->partition);
		each->paused = consumer->paused;
	}
	pthread_mutex_unlock(&consumer->monitor.lock);
	if (list->cnt && consumer->paused)
		rd_kafka_pause_partitions(consumer->rk, list);
	else if (list->cnt)
		rd_kafka_resume_partitions(consumer->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
}

void kafka_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t event, rd_kafka_topic_partition_list_t *list,
			void *opaque)
{
	struct kafka_consumer *consumer = opaque;

	(void)rk;
	if (event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		assign(consumer, list);
		kafka_monitor_heard(&consumer->monitor);
		apply_pause(consumer);
		return;
	}
	if (event != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
		kafka_monitor_note(&consumer->monitor, event, "rebalance");
	assign(consumer, NULL); /* the library commits what is stored */
}

void kafka_consumer_pause(struct kafka_consumer *consumer)
{
	consumer->paused = true;
	apply_pause(consumer);
}

void kafka_consumer_resume(struct kafka_consumer *consumer)
{
	consumer->paused = false;
	apply_pause(consumer);
}
