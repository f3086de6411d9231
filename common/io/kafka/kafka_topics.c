/* kafka_topics.c: are the topics there, and making them */
#include <stdlib.h>

#include "kafka_private.h"
#include "str.h"

#define LOOK_AGAIN_MS 20
#define CLOSE_MS      2000

static bool metadata_has(const rd_kafka_metadata_t *metadata, const char *topic)
{
	for (int i = 0; i < metadata->topic_cnt; i++) {
		const rd_kafka_metadata_topic_t *each = &metadata->topics[i];

		if (str_eq(each->topic, topic))
			return !each->err && each->partition_cnt > 0;
	}
	return false;
}

static enum err_kind ask(rd_kafka_t *rk, const char *const *topics, int topic_count, int64_t timeout_ms,
			 struct err *err)
{
	const rd_kafka_metadata_t *metadata;
	rd_kafka_resp_err_t failed = rd_kafka_metadata(rk, 1, NULL, &metadata, (int)timeout_ms);
	enum err_kind kind = ERR_OK;

	if (failed)
		return err_set(err, ERR_RETRY, "kafka_unavailable", "metadata: %s", rd_kafka_err2str(failed));
	for (int i = 0; i < topic_count && !kind; i++)
		if (!metadata_has(metadata, topics[i]))
			kind = err_set(err, ERR_RETRY, "kafka_no_topic", "topic %s does not exist",
				       topics[i]);
	rd_kafka_metadata_destroy(metadata);
	return kind;
}

static enum err_kind classify(rd_kafka_resp_err_t code, const char *topic, const char *said, struct err *err)
{
	static const rd_kafka_resp_err_t hopeless[] = {
		RD_KAFKA_RESP_ERR__INVALID_ARG,
		RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
		RD_KAFKA_RESP_ERR_INVALID_PARTITIONS,
		RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR,
		RD_KAFKA_RESP_ERR_INVALID_CONFIG,
		RD_KAFKA_RESP_ERR_INVALID_REQUEST,
		RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
		RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
		RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
	};

	if (!code || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		return ERR_OK;
	for (size_t i = 0; i < sizeof(hopeless) / sizeof(hopeless[0]); i++)
		if (code == hopeless[i])
			return err_set(err, ERR_REJECT, "kafka_refused", "create topic %s: %s", topic, said);
	return err_set(err, ERR_RETRY, "kafka_unavailable", "create topic %s: %s", topic, said);
}

static enum err_kind read_created(rd_kafka_event_t *event, struct err *err)
{
	const rd_kafka_CreateTopics_result_t *result = rd_kafka_event_CreateTopics_result(event);
	const rd_kafka_topic_result_t **each;
	enum err_kind kind = ERR_OK;
	size_t count = 0;

	if (rd_kafka_event_error(event))
		return classify(rd_kafka_event_error(event), "", rd_kafka_event_error_string(event), err);
	each = rd_kafka_CreateTopics_result_topics(result, &count);
	for (size_t i = 0; i < count && !kind; i++) {
		const char *said = rd_kafka_topic_result_error_string(each[i]);

		kind = classify(rd_kafka_topic_result_error(each[i]), rd_kafka_topic_result_name(each[i]),
				said ? said : "", err);
	}
	return kind;
}

static enum err_kind request(rd_kafka_t *rk, rd_kafka_NewTopic_t **wanted, size_t count, int64_t timeout_ms,
			     struct err *err)
{
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_event_t *event;
	enum err_kind kind;
	char why[128];

	(void)rd_kafka_AdminOptions_set_request_timeout(options, (int)timeout_ms, why, sizeof(why));
	(void)rd_kafka_AdminOptions_set_operation_timeout(options, (int)timeout_ms, why, sizeof(why));
	rd_kafka_CreateTopics(rk, wanted, count, options, queue);
	event = rd_kafka_queue_poll(queue, (int)timeout_ms);
	if (event)
		kind = read_created(event, err);
	else
		kind = err_set(err, ERR_RETRY, "kafka_unavailable", "create topics: no answer in time");
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	rd_kafka_AdminOptions_destroy(options);
	return kind;
}

static enum err_kind create(rd_kafka_t *rk, const char *const *topics, int topic_count, int partitions,
			    int64_t timeout_ms, struct err *err)
{
	rd_kafka_NewTopic_t **wanted = calloc((size_t)topic_count, sizeof(rd_kafka_NewTopic_t *));
	enum err_kind kind = ERR_OK;
	int count = 0;
	char why[128];

	if (!wanted)
		return err_set(err, ERR_RETRY, "kafka_unavailable", "out of memory");
	while (count < topic_count && !kind) {
		wanted[count] = rd_kafka_NewTopic_new(topics[count], partitions, -1, why, sizeof(why));
		if (wanted[count])
			count++;
		else
			kind = err_set(err, ERR_REJECT, "kafka_refused", "topic %s: %s", topics[count], why);
	}
	if (!kind)
		kind = request(rk, wanted, (size_t)count, timeout_ms, err);
	rd_kafka_NewTopic_destroy_array(wanted, (size_t)count);
	free(wanted);
	return kind;
}

void kafka_learn_topics(rd_kafka_t *rk, const char *const *topics, int topic_count, int64_t deadline_ms)
{
	for (int i = 0; i < topic_count; i++) {
		rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, topics[i], NULL);
		const rd_kafka_metadata_t *metadata;

		if (topic && !rd_kafka_metadata(rk, 0, topic, &metadata, (int)deadline_left_ms(deadline_ms)))
			rd_kafka_metadata_destroy(metadata);
		if (topic)
			rd_kafka_topic_destroy(topic);
	}
}

/* Creation reaches the brokers one after another. Asking for a topic by name also makes the test broker make it. */
static enum err_kind await(rd_kafka_t *rk, const char *const *topics, int topic_count, int64_t deadline_ms,
			   struct err *err)
{
	enum err_kind kind;

	kafka_learn_topics(rk, topics, topic_count, deadline_ms);
	do {
		kind = ask(rk, topics, topic_count, deadline_left_ms(deadline_ms), err);
		if (kind)
			rd_kafka_poll(rk, LOOK_AGAIN_MS);
	} while (kind && deadline_left_ms(deadline_ms) > 0);
	return kind;
}

/* A handle for one question. Its threads may report to the monitor until the last of them has ended. */
struct asker {
	struct kafka_monitor monitor; /* first: the opaque */
	rd_kafka_t *rk;
};

static void asker_free(void *subject)
{
	struct asker *asker = subject;

	if (asker->rk)
		rd_kafka_destroy(asker->rk);
	kafka_monitor_release(&asker->monitor);
	free(asker);
}

static enum err_kind ask_or_create(rd_kafka_t *rk, const char *const *topics, int topic_count, int partitions,
				   int64_t timeout_ms, struct err *err)
{
	int64_t deadline_ms = deadline_in_ms(timeout_ms);
	struct err asked = {0};
	enum err_kind kind = ask(rk, topics, topic_count, timeout_ms / 2, &asked);

	if (kind && str_eq(asked.code, "kafka_no_topic")) {
		kind = create(rk, topics, topic_count, partitions, deadline_left_ms(deadline_ms) / 2, err);
		if (kind != ERR_REJECT) /* the test broker does not create when told to, but when asked for */
			kind = await(rk, topics, topic_count, deadline_ms, err);
	} else if (kind && err) { /* no broker answers: asking it for more is no use */
		*err = asked;
	}
	return kind;
}

static struct asker *asker_alloc(void)
{
	struct asker *asker = calloc(1, sizeof(*asker));

	if (asker)
		kafka_monitor_init(&asker->monitor);
	return asker;
}

static enum err_kind asker_new(const struct kafka_options *options, struct asker **ret_asker, struct err *err)
{
	static const struct kafka_setting none[] = {{NULL, NULL, 0}};
	struct asker *asker = asker_alloc();
	enum err_kind kind;

	if (!asker)
		return err_set(err, ERR_RETRY, "kafka_unavailable", "out of memory");
	kind = kafka_handle_new(RD_KAFKA_PRODUCER, options, none, NULL, &asker->monitor, &asker->rk, err);
	if (kind)
		asker_free(asker);
	else
		*ret_asker = asker;
	return kind;
}

/* With the settings of another handle. */
static struct asker *asker_like(rd_kafka_t *rk)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_dup(rd_kafka_conf(rk));
	struct asker *asker = asker_alloc();
	char why[160];

	if (asker) {
		rd_kafka_conf_set_opaque(conf, &asker->monitor);
		asker->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	}
	if (asker && asker->rk)
		return asker;
	rd_kafka_conf_destroy(conf);
	if (asker)
		asker_free(asker);
	return NULL;
}

enum err_kind kafka_topics_create(const struct kafka_options *options, const char *const *topics,
				  int topic_count, int partitions, int64_t timeout_ms, struct err *err)
{
	struct asker *asker;
	enum err_kind kind = asker_new(options, &asker, err);

	if (kind)
		return kind;
	kind = ask_or_create(asker->rk, topics, topic_count, partitions, timeout_ms, err);
	(void)kafka_close_bounded(asker_free, asker, deadline_in_ms(CLOSE_MS)); /* late, it still frees all */
	return kind;
}

enum err_kind kafka_ask_apart(rd_kafka_t *rk, const char *const *topics, int topic_count, int64_t timeout_ms,
			      struct err *err)
{
	struct asker *asker = asker_like(rk);
	enum err_kind kind;

	if (!asker)
		return err_set(err, ERR_RETRY, "kafka_unavailable", "no memory or thread to ask with");
	kind = ask(asker->rk, topics, topic_count, timeout_ms, err);
	(void)kafka_close_bounded(asker_free, asker, deadline_in_ms(timeout_ms));
	return kind;
}
