/* booking_log.h: the append-only time line that people read. */
#ifndef BOOKING_LOG_H
#define BOOKING_LOG_H

#include "pg.h"

struct booking_log_entry {
	struct instant at;
	const char *actor, *what;
	const char *detail; /* JSON or NULL */
};

struct booking_log_list {
	int count;
	const struct booking_log_entry *entries; /* in the arena, oldest first */
};

/* Queue one entry. actor: "user:<id>", a service's name, "stripe", "operator:<name>". what: a stable word such as "cancelled",
 * "refund_requested", "refund_succeeded", "mail_sent". detail: a JSON object or NULL; ids and codes, no addresses. */
enum err_kind booking_log_queue(struct pg *tx, int64_t booking_id, const char *actor, const char *what,
				const char *detail, struct err *err) MUST_CHECK;

/* The first 500 entries. A bank that only asks is not told as a dispute: "inquiry", "inquiry_closed". */
enum err_kind booking_log_list(struct pg *db, int64_t booking_id, struct arena *arena,
			       struct booking_log_list *ret_list, struct err *err) MUST_CHECK;

#endif
