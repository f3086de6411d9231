/* kafka_lag.c: how far behind each of our partitions is */
#include <stdlib.h>

#include "kafka_private.h"
#include "str.h"

/* Our partitions, each with the offset that is known to be stored or committed (-1: not known). */
static rd_kafka_topic_partition_list_t *snapshot(struct kafka_consumer *consumer, int max)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(max);

	pthread_mutex_lock(&consumer->monitor.lock);
	for (int i = 0; i < consumer->partition_count && i < max; i++) {
		const struct kafka_partition *each = &consumer->partitions[i];

		rd_kafka_topic_partition_list_add(list, each->topic, each->partition)->offset =
			each->stored >= 0 ? each->stored : each->committed;
	}
	pthread_mutex_unlock(&consumer->monitor.lock);
	return list;
}

static void remember_committed(struct kafka_consumer *consumer, const rd_kafka_topic_partition_t *answer)
{
	struct kafka_partition *ours;

	pthread_mutex_lock(&consumer->monitor.lock);
	ours = kafka_partition_find(consumer, answer->topic, answer->partition);
	if (ours)
		ours->committed = answer->offset;
	pthread_mutex_unlock(&consumer->monitor.lock);
}

/* One request for all that have stored nothing since they became ours. */
static void ask_committed(struct kafka_consumer *consumer, rd_kafka_topic_partition_list_t *list,
			  int64_t timeout_ms)
{
	rd_kafka_topic_partition_list_t *asked = rd_kafka_topic_partition_list_new(list->cnt);

	for (int i = 0; i < list->cnt; i++)
		if (list->elems[i].offset < 0)
			rd_kafka_topic_partition_list_add(asked, list->elems[i].topic,
							  list->elems[i].partition);
	if (asked->cnt && !rd_kafka_committed(consumer->rk, asked, (int)timeout_ms)) {
		for (int i = 0; i < asked->cnt; i++) {
			const rd_kafka_topic_partition_t *answer = &asked->elems[i];

			if (answer->err || answer->offset < 0)
				continue;
			rd_kafka_topic_partition_list_set_offset(list, answer->topic, answer->partition,
								 answer->offset);
			remember_committed(consumer, answer);
		}
	}
	rd_kafka_topic_partition_list_destroy(asked);
}

static int64_t lag_of(rd_kafka_t *rk, const rd_kafka_topic_partition_t *each, int64_t timeout_ms)
{
	int64_t from = each->offset;
	int64_t low = -1;
	int64_t high = -1;

	if (rd_kafka_get_watermark_offsets(rk, each->topic, each->partition, &low, &high))
		high = -1;
	/* The cached low end is not kept up to date: a group without an offset starts at the real one. */
	if ((high < 0 || from < 0) && timeout_ms > 0
	    && rd_kafka_query_watermark_offsets(rk, each->topic, each->partition, &low, &high,
						(int)timeout_ms))
		return -1;
	if (from < 0)
		from = low;
	if (from < 0 || high < 0)
		return -1;
	return high > from ? high - from : 0;
}

int kafka_consumer_lag(struct kafka_consumer *consumer, struct kafka_lag *ret_lags, int max,
		       int64_t timeout_ms)
{
	int64_t deadline_ms = deadline_in_ms(timeout_ms);
	rd_kafka_topic_partition_list_t *list = snapshot(consumer, max);
	int count = list->cnt;

	ask_committed(consumer, list, timeout_ms);
	for (int i = 0; i < count; i++) {
		const rd_kafka_topic_partition_t *each = &list->elems[i];

		str_copy(ret_lags[i].topic, sizeof(ret_lags[i].topic), each->topic);
		ret_lags[i].partition = each->partition;
		ret_lags[i].messages = lag_of(consumer->rk, each, deadline_left_ms(deadline_ms));
	}
	rd_kafka_topic_partition_list_destroy(list);
	return count;
}
