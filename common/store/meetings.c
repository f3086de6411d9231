#include "meetings.h"

enum err_kind meetings_queue_unwanted(struct pg *tx, int64_t booking_id, struct err *err)
{
	static const struct pg_stmt stmt = {
		.name = "meetings_unwanted",
		.sql = "UPDATE meetings SET state = CASE provider WHEN 'template' THEN 'gone' ELSE 'unwanted' END, sequence = sequence + 1, "
		       "next_try_at = now() WHERE booking_id = $1 AND state IN ('wanted', 'ready')",
	};
	struct pg_args args = {0};

	pg_arg_int(&args, booking_id);
	return pg_queue(tx, &stmt, &args, err);
}

enum err_kind meetings_queue_ready(struct pg *tx, int64_t booking_id, const char *url, struct err *err)
{
	static const struct pg_stmt stmt = {
		.name = "meetings_ready",
		.sql = "INSERT INTO meetings (booking_id, provider, url, state, next_try_at) VALUES ($1, 'template', $2, 'ready', now()) "
		       "ON CONFLICT (booking_id) DO UPDATE SET provider = 'template', url = excluded.url, state = 'ready', "
		       "sequence = meetings.sequence + 1, lease_token = NULL, lease_until = NULL",
	};
	struct pg_args args = {0};

	pg_arg_int(&args, booking_id);
	pg_arg_text(&args, url);
	return pg_queue(tx, &stmt, &args, err);
}
