#include "completions.h"

/* now(), not clock_timestamp(): only a stable function lets the index on ends_at find what is over; with the other each look reads everything
 * that is still to come. */
static const struct pg_stmt are_due = {
	"completions_are_due", "SELECT EXISTS (SELECT 1 FROM bookings WHERE status = 1 AND ends_at <= now())",
	true};
static const struct pg_stmt take = {
	"completions_take",
	"SELECT id, parent_id, student_id, teacher_id, starts_at, ends_at, amount_minor, currency, version"
	" FROM bookings WHERE status = 1 AND ends_at <= now()"
	" ORDER BY ends_at LIMIT 7 FOR NO KEY UPDATE SKIP LOCKED",
	true};
static const struct pg_stmt complete = {"completions_complete",
					"UPDATE bookings SET status = 2 WHERE id = $1 AND status = 1", false};

enum err_kind completions_are_due(struct pg *db, bool *ret_due, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	enum err_kind kind = pg_one(db, &are_due, NULL, &results, err);

	if (!kind)
		*ret_due = pg_bool(&results, 0, 0, 0);
	return kind;
}

static void read_row(const struct pg_results *results, int row, struct booking *ret)
{
	*ret = (struct booking){
		.id = pg_int(results, 1, row, 0),
		.parent_id = pg_int(results, 1, row, 1),
		.student_id = pg_int(results, 1, row, 2),
		.teacher_id = pg_int(results, 1, row, 3),
		.starts_at = pg_instant(results, 1, row, 4),
		.ends_at = pg_instant(results, 1, row, 5),
		.status = BOOKING_COMPLETED,
		.price = {.minor = pg_int(results, 1, row, 6)},
		.hold_expires_at = INSTANT_NONE,
		.checkout_closed_at = INSTANT_NONE,
		.paid_at = INSTANT_NONE,
		.cancelled_at = INSTANT_NONE,
		.created_at = INSTANT_NONE,
		.version = pg_int(results, 1, row, 8),
	};
	if (!money_currency_decode(pg_text(results, 1, row, 7), ret->price.currency))
		ret->price.currency[0] = '\0';
}

enum err_kind completions_take(struct pg *tx, struct booking *ret_bookings, int *ret_count, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	enum err_kind kind = pg_queue_begin(tx, err);

	if (!kind)
		kind = pg_queue(tx, &take, NULL, err);
	if (!kind)
		kind = pg_run(tx, &results, err);
	if (kind)
		return kind;
	*ret_count = pg_rows(&results, 1);
	for (int i = 0; i < *ret_count; i++)
		read_row(&results, i, &ret_bookings[i]);
	return ERR_OK;
}

enum err_kind completions_queue(struct pg *tx, const struct booking *booking, struct err *err)
{
	struct pg_args args = {0};

	pg_arg_int(&args, booking->id);
	return pg_queue(tx, &complete, &args, err);
}
