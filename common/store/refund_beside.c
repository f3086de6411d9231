#include "refund_beside.h"

struct refund_beside refund_beside_read(const struct pg_results *results, int index, int row, int column,
					struct instant *ret_by_hand_at)
{
	if (ret_by_hand_at)
		*ret_by_hand_at = pg_instant(results, index, row, column + 1);
	return (struct refund_beside){
		.by_hand_minor = pg_int(results, index, row, column),
		.is_disputed = !pg_is_null(results, index, row, column + 2)
			       && dispute_takes_money(pg_text(results, index, row, column + 2)),
	};
}

enum err_kind refund_beside_queue(struct pg *tx, int64_t booking_id, const char *payment_intent,
				  struct err *err)
{
	static const struct pg_stmt stmt = {
		.name = "refund_beside",
		.sql = "SELECT " REFUND_BESIDE_COLUMNS
		       " FROM (SELECT $1::bigint AS booking, $2::text AS payment) a" REFUND_BESIDE_JOIN(
			       "a.booking", "a.payment"),
		.reads_only = true,
	};
	struct pg_args args = {0};

	pg_arg_int(&args, booking_id);
	pg_arg_text(&args, payment_intent);
	return pg_queue(tx, &stmt, &args, err);
}
