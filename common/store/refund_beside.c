#include "refund_beside.h"

struct refund_beside refund_beside_read(const struct pg_results *results, int index, int row, int column,
					struct instant *ret_by_hand_at)
{
	if (ret_by_hand_at)
		*ret_by_hand_at = pg_instant(results, index, row, column + 1);
	return (struct refund_beside){
		.returned_minor = pg_int(results, index, row, column),
		.is_disputed = pg_bool(results, index, row, column + 2),
		.charged_back_minor = pg_int(results, index, row, column + 3),
		.is_on_its_way = pg_bool(results, index, row, column + 4),
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

/* A statement of its own, so that the next one sees what the holder before has written. */
static const struct pg_stmt lock_payment_stmt = {
	.name = "refund_beside_lock",
	.sql = "SELECT 1 FROM payments WHERE payment_intent = $1 FOR NO KEY UPDATE",
};

enum err_kind refund_beside_lock_dispute(struct pg *tx, const char *payment_intent, const char *dispute,
					 struct arena *arena, struct dispute_word *ret_word,
					 struct instant *ret_now, struct err *err)
{
	static const struct pg_stmt stmt = {
		.name = "refund_beside_dispute",
		.sql = "SELECT d.status, coalesce(to_timestamp((l.detail->>'toldAt')::bigint), l.at), clock_timestamp()"
		       " FROM payments p LEFT JOIN disputes d ON d.booking_id = p.booking_id"
		       " AND d.payment_intent = p.payment_intent AND d.id = $2"
		       " LEFT JOIN booking_log l ON l.id = d.told_in WHERE p.payment_intent = $1",
		.reads_only = true,
	};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args payment = {0}, args = {0};

	pg_arg_text(&payment, payment_intent);
	pg_arg_text(&args, payment_intent);
	pg_arg_text(&args, dispute);
	*ret_word = (struct dispute_word){NULL, INSTANT_NONE};
	*ret_now = INSTANT_NONE;
	if (pg_queue(tx, &lock_payment_stmt, &payment, err) || pg_queue(tx, &stmt, &args, err)
	    || pg_run(tx, &results, err))
		return err->kind;
	if (pg_rows(&results, 1) == 0)
		return ERR_OK;
	ret_word->status = pg_text_dup(&results, 1, 0, 0, arena);
	ret_word->told_at = pg_instant(&results, 1, 0, 1);
	*ret_now = pg_instant(&results, 1, 0, 2);
	return ERR_OK;
}

enum err_kind refund_beside_find_lost(struct pg *db, const char *payment_intent, struct arena *arena,
				      const char **ret_dispute, struct err *err)
{
	static const struct pg_stmt stmt = {
		.name = "refund_beside_lost",
		.sql = "SELECT d.id FROM payments p JOIN disputes d USING (booking_id, payment_intent)"
		       " WHERE p.payment_intent = $1 AND d.status = 'lost' ORDER BY d.told_in DESC LIMIT 1",
		.reads_only = true,
	};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_text(&args, payment_intent);
	if (pg_one(db, &stmt, &args, &results, err))
		return err->kind;
	*ret_dispute = pg_rows(&results, 0) > 0 ? pg_text_dup(&results, 0, 0, 0, arena) : NULL;
	return ERR_OK;
}
