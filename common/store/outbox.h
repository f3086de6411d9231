/* outbox.h: events on their way to Kafka. Written by the transaction that made them true, taken away by a relay.
 * Column names of Debezium's outbox event router. */
#ifndef OUTBOX_H
#define OUTBOX_H

#include <stddef.h>

#include "id.h"
#include "pg.h"

struct outbox_row {
	const char *aggregatetype; /* "booking", "refund", "checkout", "stripe": decides the topic */
	int64_t booking_id;        /* the record's key */
	const char *type;          /* "unbook.booking.cancelled.v1" */
	const char *payload;       /* JSON */
	const char *traceparent;   /* W3C; NULL or "" when unknown */
};

/* Queue the insert; texts stay borrowed until pg_run. */
enum err_kind outbox_queue(struct pg *tx, const struct outbox_row *row, struct err *err) MUST_CHECK;

/* --- the relay's side --- */

#define OUTBOX_BATCH_MAX 500

/* Is there anything at all? One cheap statement. */
enum err_kind outbox_has_rows(struct pg *db, bool *ret_has, struct err *err) MUST_CHECK;

/* Open a transaction and lock the oldest rows, in one round trip. The transaction stays open; roll it back or end it with outbox_finish.
 * *ret_busy: another relay is at work (its advisory lock saves work only; safety rests on the row locks). */
enum err_kind outbox_take(struct pg *tx, struct pg_results *ret_rows, bool *ret_busy,
			  struct err *err) MUST_CHECK;

/* The rows of outbox_take; texts are borrowed from the results. */
struct outbox_taken {
	int64_t id;
	const char *aggregatetype, *aggregateid, *type, *payload;
	char traceparent[ID_TRACEPARENT_BYTES]; /* "" when unknown */
	struct instant created_at;
};
int outbox_count(const struct pg_results *rows);
void outbox_read(const struct pg_results *rows, int row, struct outbox_taken *ret);

/* Delete these rows and commit, in one round trip. */
enum err_kind outbox_finish(struct pg *tx, const int64_t *ids, size_t count, struct err *err) MUST_CHECK;

#endif
