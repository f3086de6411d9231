/* relay_batch.c: lock a batch, send it, delete what arrived, park what never will. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "crash_point.h"
#include "dead_letters.h"
#include "log.h"
#include "metrics.h"
#include "relay_internal.h"
#include "str.h"

#define PRODUCE_MS  6000 /* above message.timeout.ms (5 s), below idle_in_transaction_session_timeout (15 s) */
#define LETTERS_MAX 16   /* queued at once */

struct relay_sums {
	int sendable, unknown; /* records at the front and at the end of the batch */
	size_t finished;       /* ids to delete */
	int letters;           /* queued, not yet run */
};

static struct kafka_header text_header(const char *name, const char *text)
{
	return (struct kafka_header){.name = name, .value = text, .len = strlen(text)};
}

/* CloudEvents 1.0 in Kafka's binary mode. */
static void build(struct relay *relay, const struct outbox_taken *row, const char *topic, int at)
{
	struct relay_record *part = &relay->parts[at];
	int headers = 0;

	part->id = row->id;
	snprintf(part->id_text, sizeof(part->id_text), "%" PRId64, row->id);
	rfc3339_encode(row->created_at, part->time_text);
	memcpy(part->traceparent, row->traceparent, sizeof(part->traceparent));
	part->headers[headers++] = text_header("ce_specversion", "1.0");
	part->headers[headers++] = text_header("ce_id", part->id_text);
	part->headers[headers++] = text_header("ce_source", relay->source);
	part->headers[headers++] = text_header("ce_type", row->type);
	part->headers[headers++] = text_header("ce_time", part->time_text);
	part->headers[headers++] = text_header("content-type", "application/json");
	if (part->traceparent[0])
		part->headers[headers++] = text_header("traceparent", part->traceparent);
	relay->records[at] = (struct kafka_record){
		.topic = topic,
		.key = row->aggregateid,
		.key_len = strlen(row->aggregateid),
		.value = row->payload,
		.value_len = strlen(row->payload),
		.headers = part->headers,
		.header_count = headers,
	};
}

static enum err_kind park(struct relay *relay, const struct kafka_record *record, int64_t id,
			  const char *reason, struct err *err)
{
	struct dead_letter letter = {
		.topic = record->topic,
		.partition = DEAD_LETTER_UNSENT,
		.offset = id,
		.key = record->key,
		.key_len = record->key_len,
		.bytes = record->value,
		.bytes_len = record->value_len,
		.reason = reason,
	};

	LOG(LOG_ERROR, "event parked", LOG_S("topic", record->topic), LOG_I("outbox", id),
	    LOG_S("reason", reason));
	metric_add(METRIC(METRIC_COUNTER, "unbook_dead_letters_total", "Records put aside for a person.",
			  {"topic", record->topic}, {"reason", "refused"}),
		   1);
	return dead_letters_queue(relay->db, &letter, err);
}

/* One row whose fate is known. */
static enum err_kind settle(struct relay *relay, int at, struct relay_sums *sums, struct err *err)
{
	const struct kafka_record *record = &relay->records[at];
	enum err_kind kind = ERR_OK;

	if (record->fate == KAFKA_NO_TOPIC)
		relay->topics_are_there = false;
	if (record->fate == KAFKA_REFUSED) {
		kind = park(relay, record, relay->parts[at].id, record->reason, err);
		sums->letters++;
	}
	if (record->fate == KAFKA_REFUSED || record->fate == KAFKA_DELIVERED)
		relay->finished[sums->finished++] = relay->parts[at].id;
	if (!kind && sums->letters == LETTERS_MAX) {
		PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;

		kind = pg_run(relay->db, &results, err);
		sums->letters = 0;
	}
	return kind;
}

/* Queue a dead letter per row that never will be sent; collect the ids of all rows that are finished. */
static enum err_kind settle_all(struct relay *relay, struct relay_sums *sums, struct err *err)
{
	enum err_kind kind = ERR_OK;

	for (int i = 0; !kind && i < sums->sendable; i++)
		kind = settle(relay, i, sums, err);
	for (int i = OUTBOX_BATCH_MAX - sums->unknown; !kind && i < OUTBOX_BATCH_MAX; i++)
		kind = settle(relay, i, sums, err);
	return kind;
}

static void show_age(const struct outbox_taken *oldest)
{
	const struct clock *clock = clock_system();
	int64_t age_us = clock->now(clock).us - oldest->created_at.us;

	metric_set(METRIC(METRIC_AGE, "unbook_outbox_oldest_seconds",
			  "Age of the oldest event that has not left."),
		   age_us > 0 ? age_us : 0);
}

/* What can be sent stands at the front of the batch; rows of an aggregate without a topic stand at its end, refused already. */
static void build_all(struct relay *relay, const struct pg_results *rows, struct relay_sums *sums)
{
	int count = outbox_count(rows);

	for (int i = 0; i < count; i++) {
		struct outbox_taken row;
		const char *topic;

		outbox_read(rows, i, &row);
		if (i == 0)
			show_age(&row);
		topic = relay_topic(relay, row.aggregatetype);
		if (topic) {
			build(relay, &row, topic, sums->sendable++);
			continue;
		}
		sums->unknown++;
		build(relay, &row, row.aggregatetype, OUTBOX_BATCH_MAX - sums->unknown);
		relay->records[OUTBOX_BATCH_MAX - sums->unknown].fate = KAFKA_REFUSED;
		str_copy(relay->records[OUTBOX_BATCH_MAX - sums->unknown].reason,
			 sizeof(relay->records->reason), "unknown_aggregate");
	}
}

enum relay_outcome relay_batch(struct relay *relay, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results rows = PG_RESULTS_NONE;
	PG_TX_SCOPE struct pg *tx = relay->db;
	struct relay_sums sums = {0};
	enum err_kind sent = ERR_OK, kind;
	bool busy = false;

	if (outbox_take(tx, &rows, &busy, err))
		return RELAY_TROUBLE;
	build_all(relay, &rows, &sums);
	if (!sums.sendable && !sums.unknown)
		return busy ? RELAY_BUSY : RELAY_IDLE;
	if (sums.sendable)
		sent = kafka_produce_batch(relay->producer, relay->records, sums.sendable,
					   deadline_in_ms(PRODUCE_MS), err);
	CRASH_POINT("relay.after_report");
	/* Every fate is known now and nothing is left in the producer's queue: a rollback from here on only repeats records. */
	kind = settle_all(relay, &sums, sent ? NULL : err);
	CRASH_POINT("relay.before_commit");
	if (!kind && sums.finished)
		kind = outbox_finish(tx, relay->finished, sums.finished, sent ? NULL : err);
	if (kind || sent || !sums.finished)
		return RELAY_TROUBLE;
	metric_add(METRIC(METRIC_COUNTER, "unbook_outbox_relayed_total", "Events that left the outbox."),
		   (int64_t)sums.finished);
	relay->sent = outbox_count(&rows);
	return relay->sent < OUTBOX_BATCH_MAX ? RELAY_SENT : RELAY_MORE;
}
