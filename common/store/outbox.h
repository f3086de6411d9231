/* outbox.h: events on their way to Kafka. Written by the transaction that made them true, taken away by a relay.
 * Column names of Debezium's outbox event router. */
#ifndef OUTBOX_H
#define OUTBOX_H

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

#endif
