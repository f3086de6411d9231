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
