#include "payments.h"

#include "booking_row.h"

#define LOCK_BOOKING 1 /* places in the answers of payments_lock */
#define LOCK_PAYMENT 2
#define LOCK_SLOT    3
#define LOCK_CLOCK   4

static const struct pg_stmt lock_stmt = {
	.name = "payments_lock",
	.sql = "SELECT " BOOKING_COLUMNS " FROM bookings b WHERE b.id = $1 FOR NO KEY UPDATE",
	.reads_only = true,
};

/* From the booking, so that an unknown one inserts nothing. */
static const struct pg_stmt insert_stmt = {
	.name = "payments_insert",
	.sql = "INSERT INTO payments (payment_intent, booking_id, stripe_session_id, charge_id, amount_minor, currency,"
	       " captured_at) SELECT $2, b.id, $3, $4, $5, $6, coalesce($7, clock_timestamp()) FROM bookings b WHERE b.id = $1"
	       " ON CONFLICT (payment_intent) DO NOTHING",
};

static const struct pg_stmt slot_stmt = {
	.name = "payments_slot",
	.sql = "SELECT NOT EXISTS (SELECT 1 FROM bookings b JOIN bookings o ON o.during && b.during AND o.id <> b.id"
	       " AND o.status IN (0, 1) AND (o.teacher_id = b.teacher_id OR o.parent_id = b.parent_id"
	       " OR o.student_id = b.student_id) WHERE b.id = $1)",
	.reads_only = true,
};

/* In a statement of its own, after the lock (design.md rule 2). */
static const struct pg_stmt clock_stmt = {
	.name = "payments_clock",
	.sql = "SELECT clock_timestamp()",
	.reads_only = true,
};

/* Booking takes the same lock before its insert: without it both may wait for each other in the index. */
static const struct pg_stmt teacher_stmt = {
	.name = "payments_teacher",
	.sql = "SELECT pg_advisory_xact_lock($1)",
};

static const struct pg_stmt kept_stmt = {
	.name = "payments_kept",
	.sql = "UPDATE bookings SET status = 1, version = version + 1, payment_intent = $2, paid_at = $3,"
	       " cancelled_at = NULL, cancel_cause = NULL, cancelled_by = NULL, cancellation_reason = NULL"
	       " WHERE id = $1 AND status IN (0, 3)",
};

static const struct pg_stmt closed_stmt = {
	.name = "payments_checkout_closed",
	.sql = "UPDATE bookings SET stripe_session_id = coalesce(stripe_session_id, $2),"
	       " checkout_closed_at = CASE WHEN coalesce(stripe_session_id, $2) = $2"
	       " THEN coalesce(checkout_closed_at, $3) ELSE checkout_closed_at END,"
	       " next_try_at = CASE WHEN coalesce(stripe_session_id, $2) = $2 THEN NULL"
	       " WHEN checkout_closed_at IS NULL THEN clock_timestamp() END,"
	       " lease_token = NULL, lease_until = NULL, last_error = NULL WHERE id = $1",
};

static enum err_kind queue_insert(struct pg *tx, int64_t booking_id, const struct payment *payment,
				  struct err *err)
{
	struct pg_args args = {0};

	pg_arg_int(&args, booking_id);
	pg_arg_text(&args, payment->payment_intent);
	pg_arg_text(&args, payment->stripe_session_id);
	pg_arg_text(&args, payment->charge_id);
	pg_arg_int(&args, payment->amount.minor);
	pg_arg_text(&args, payment->amount.currency);
	pg_arg_instant(&args, payment->captured_at);
	return pg_queue(tx, &insert_stmt, &args, err);
}

static enum err_kind queue_lock(struct pg *tx, int64_t booking_id, const struct payment *payment,
				struct err *err)
{
	struct pg_args args = {0};

	pg_arg_int(&args, booking_id);
	if (pg_queue_begin(tx, err) || pg_queue(tx, &lock_stmt, &args, err))
		return err->kind;
	if (payment ? queue_insert(tx, booking_id, payment, err) : pg_queue(tx, &clock_stmt, NULL, err))
		return err->kind;
	if (pg_queue(tx, &slot_stmt, &args, err))
		return err->kind;
	return pg_queue(tx, &clock_stmt, NULL, err);
}

enum err_kind payments_lock(struct pg *tx, int64_t booking_id, const struct payment *payment,
			    struct arena *arena, struct payments_locked *ret_locked, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct payments_locked locked = {0};

	if (queue_lock(tx, booking_id, payment, err) || pg_run(tx, &results, err))
		return err->kind;
	locked.found = pg_rows(&results, LOCK_BOOKING) > 0;
	locked.is_new = !payment || pg_affected(&results, LOCK_PAYMENT) > 0;
	locked.slot_is_free = pg_bool(&results, LOCK_SLOT, 0, 0);
	locked.now = pg_instant(&results, LOCK_CLOCK, 0, 0);
	if (locked.found && booking_row_read(&results, LOCK_BOOKING, 0, arena, &locked.booking, err))
		return err->kind;
	*ret_locked = locked;
	return ERR_OK;
}

enum err_kind payments_queue_kept(struct pg *tx, const struct payments_kept *kept, struct err *err)
{
	struct pg_args teacher = {0}, args = {0};

	pg_arg_int(&teacher, kept->teacher_id);
	if (kept->revives && pg_queue(tx, &teacher_stmt, &teacher, err))
		return err->kind;
	pg_arg_int(&args, kept->booking_id);
	pg_arg_text(&args, kept->payment_intent);
	pg_arg_instant(&args, kept->paid_at);
	return pg_queue(tx, &kept_stmt, &args, err);
}

enum err_kind payments_queue_checkout_closed(struct pg *tx, int64_t booking_id, const char *stripe_session_id,
					     struct instant at, struct err *err)
{
	struct pg_args args = {0};

	pg_arg_int(&args, booking_id);
	pg_arg_text(&args, stripe_session_id);
	pg_arg_instant(&args, at);
	return pg_queue(tx, &closed_stmt, &args, err);
}

static const struct pg_stmt any_stmt = {
	.name = "payments_any",
	.sql = "SELECT EXISTS (SELECT 1 FROM payments WHERE booking_id = $1)",
	.reads_only = true,
};

enum err_kind payments_find_any(struct pg *db, int64_t booking_id, bool *ret_found, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_int(&args, booking_id);
	if (pg_one(db, &any_stmt, &args, &results, err))
		return err->kind;
	*ret_found = pg_bool(&results, 0, 0, 0);
	return ERR_OK;
}
