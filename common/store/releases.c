#include "releases.h"

enum err_kind releases_queue_closed(struct pg *tx, int64_t booking_id, struct err *err)
{
	static const struct pg_stmt stmt = {
		.name = "releases_closed",
		.sql = "UPDATE bookings SET checkout_closed_at = coalesce(checkout_closed_at, clock_timestamp()),"
		       " next_try_at = NULL, lease_token = NULL, lease_until = NULL, last_error = NULL WHERE id = $1",
	};
	struct pg_args args = {0};

	pg_arg_int(&args, booking_id);
	return pg_queue(tx, &stmt, &args, err);
}

enum err_kind releases_queue_open(struct pg *tx, int64_t booking_id, int64_t doorbell_ms, struct err *err)
{
	static const struct pg_stmt stmt = {
		.name = "releases_open",
		.sql = "UPDATE bookings SET next_try_at = clock_timestamp() + $2 * interval '1 millisecond'"
		       " WHERE id = $1 AND checkout_closed_at IS NULL",
	};
	struct pg_args args = {0};

	pg_arg_int(&args, booking_id);
	pg_arg_int(&args, doorbell_ms);
	return pg_queue(tx, &stmt, &args, err);
}

enum err_kind releases_queue_taken_over(struct pg *tx, const struct bookings_cancel *cancel, struct err *err)
{
	static const struct pg_stmt stmt = {
		.name = "releases_taken_over",
		.sql = "UPDATE bookings SET version = version + 1, cancel_cause = $2, cancelled_by = $3,"
		       " cancellation_reason = $4 WHERE id = $1 AND status = 3 AND cancel_cause = 'checkout_expired'",
	};
	struct pg_args args = {0};

	pg_arg_int(&args, cancel->id);
	pg_arg_text(&args, cancel_cause_name(cancel->cause));
	pg_arg_id(&args, cancel->by);
	pg_arg_text(&args, cancel->reason);
	return pg_queue(tx, &stmt, &args, err);
}
