/* bookings.c: locking a booking and writing its end */
#include "bookings.h"

#include "booking_row.h"

#define LOCK_ROW    1 /* places in the answers of bookings_lock */
#define LOCK_CLOCK  2
#define LOCK_BESIDE 3

/* FOR NO KEY UPDATE: rows that refer to this one can still be written meanwhile. */
static const struct pg_stmt lock_stmt = {
	.name = "bookings_lock",
	.sql = "SELECT " BOOKING_COLUMNS " FROM bookings b WHERE b.id = $1"
	       " AND ($3 OR b.parent_id = $2 OR b.teacher_id = $2 OR b.student_id = $2) FOR NO KEY UPDATE",
	.reads_only = true,
};

/* In a statement of its own, after the lock: its now is not older than the wait for the lock (design.md rule 2). */
static const struct pg_stmt clock_stmt = {
	.name = "bookings_clock",
	.sql = "SELECT clock_timestamp()",
	.reads_only = true,
};

static const struct pg_stmt beside_stmt = {
	.name = "bookings_beside",
	.sql = "SELECT " REFUND_BESIDE_COLUMNS
	       " FROM bookings b" REFUND_BESIDE_JOIN("b.id", "b.payment_intent") "WHERE b.id = $1",
	.reads_only = true,
};

static const struct pg_stmt known_stmt = {
	.name = "bookings_is_known",
	.sql = "SELECT EXISTS (SELECT 1 FROM bookings WHERE id = $1)",
	.reads_only = true,
};

static const struct pg_stmt cancel_stmt = {
	.name = "bookings_cancel",
	.sql = "UPDATE bookings SET status = 3, version = version + 1, cancelled_at = $2, cancel_cause = $3,"
	       " cancelled_by = $4, cancellation_reason = $5 WHERE id = $1 AND status IN (0, 1)",
};

enum err_kind bookings_lock(struct pg *tx, int64_t id, const struct bookings_reader *reader,
			    struct arena *arena, struct bookings_locked *ret_locked, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct bookings_locked locked = {0};
	struct pg_args args = {0}, id_only = {0};

	pg_arg_int(&args, id);
	pg_arg_int(&args, reader->user_id);
	pg_arg_text(&args, reader->reads_all ? "t" : "f");
	pg_arg_int(&id_only, id);
	if (pg_queue_begin(tx, err) || pg_queue(tx, &lock_stmt, &args, err)
	    || pg_queue(tx, &clock_stmt, NULL, err)
	    || (reader->wants_beside && pg_queue(tx, &beside_stmt, &id_only, err))
	    || pg_run(tx, &results, err))
		return err->kind;
	locked.now = pg_instant(&results, LOCK_CLOCK, 0, 0);
	locked.found = pg_rows(&results, LOCK_ROW) > 0;
	if (locked.found && booking_row_read(&results, LOCK_ROW, 0, arena, &locked.booking, err))
		return err->kind;
	if (locked.found && reader->wants_beside)
		locked.beside = refund_beside_read(&results, LOCK_BESIDE, 0, 0, NULL);
	*ret_locked = locked;
	return ERR_OK;
}

enum err_kind bookings_is_known(struct pg *db, int64_t id, bool *ret_known, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_int(&args, id);
	if (pg_one(db, &known_stmt, &args, &results, err))
		return err->kind;
	*ret_known = pg_bool(&results, 0, 0, 0);
	return ERR_OK;
}

enum err_kind bookings_queue_cancel(struct pg *tx, const struct bookings_cancel *cancel, struct err *err)
{
	struct pg_args args = {0};

	pg_arg_int(&args, cancel->id);
	pg_arg_instant(&args, cancel->at);
	pg_arg_text(&args, cancel_cause_name(cancel->cause));
	pg_arg_id(&args, cancel->by);
	pg_arg_text(&args, cancel->reason);
	return pg_queue(tx, &cancel_stmt, &args, err);
}
