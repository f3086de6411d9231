/* checkouts.c: claiming bookings whose checkout must be looked at, and what is recorded of it. */
#include "checkouts.h"

#include <stdlib.h>

#include "booking_row.h"
#include "bookings.h"
#include "str.h"

/* Lock the row that `due` picks, then write the claim. */
#define CLAIM_WRITE                                                                     \
	" FOR NO KEY UPDATE SKIP LOCKED), b AS ("                                       \
	"UPDATE bookings SET attempts = attempts + 1, lease_token = gen_random_uuid()," \
	" lease_until = statement_timestamp() + $1 * interval '1 millisecond',"         \
	" next_try_at = statement_timestamp() + $1 * interval '1 millisecond'"          \
	" FROM due WHERE bookings.id = due.due_id RETURNING bookings.*)"                \
	" SELECT " BOOKING_COLUMNS ", b.lease_token, b.attempts, b.failures, clock_timestamp() FROM b"
#define TOKEN_COLUMN (BOOKING_COLUMN_COUNT)

/* An open checkout: of a Pending booking, or of a released one that may still be paid. */
#define IS_OPEN "(status = 0 OR checkout_closed_at IS NULL)"

/* A ring does not wait for the hold's end, but for a lease that somebody holds. */
static const struct pg_stmt claim_booking_stmt = {
	.name = "checkout_claim_booking",
	.sql = "WITH due AS (SELECT id AS due_id FROM bookings WHERE id = $2 AND next_try_at IS NOT NULL AND " IS_OPEN
	       " AND (lease_until IS NULL OR lease_until < clock_timestamp())" CLAIM_WRITE,
};

/* now(), not clock_timestamp(): only a stable function lets the index on next_try_at be used. */
static const struct pg_stmt claim_due_stmt = {
	.name = "checkout_claim_due",
	.sql = "WITH due AS (SELECT id AS due_id FROM bookings WHERE next_try_at <= now() AND " IS_OPEN
	       " ORDER BY next_try_at LIMIT 1" CLAIM_WRITE,
};

static const struct pg_stmt wait_stmt = {
	.name = "checkout_wait",
	.sql = "UPDATE bookings SET lease_token = NULL, lease_until = NULL,"
	       " next_try_at = clock_timestamp() + $3 * interval '1 millisecond', last_error = $4,"
	       " failures = CASE WHEN $4::text IS NULL THEN 0 ELSE failures + 1 END"
	       " WHERE id = $1 AND lease_token = $2::uuid",
};

static const struct pg_stmt closed_stmt = {
	.name = "checkout_closed",
	.sql = "UPDATE bookings SET checkout_closed_at = coalesce(checkout_closed_at, clock_timestamp()),"
	       " next_try_at = NULL, lease_token = NULL, lease_until = NULL, last_error = NULL"
	       " WHERE id = $1 AND lease_token = $2::uuid AND status <> 0",
};

static const struct pg_stmt awaited_stmt = {
	.name = "checkout_awaited",
	.sql = "UPDATE bookings SET payment_awaited = true WHERE id = $1 AND stripe_session_id = $2 AND status = 0"
	       " AND NOT payment_awaited",
};

/* The row is told either way, so that whoever comes too late learns what became of the booking. */
static const struct pg_stmt made_stmt = {
	.name = "checkout_made",
	.sql = "UPDATE bookings SET stripe_session_id = coalesce(stripe_session_id, $2),"
	       " checkout_url = coalesce(checkout_url, $3) WHERE id = $1"
	       " RETURNING status, stripe_session_id = $2",
};

static const struct pg_stmt find_stmt = {
	.name = "checkout_find_booking",
	.sql = "SELECT " BOOKING_COLUMNS " FROM bookings b WHERE b.stripe_session_id = $1 OR b.id = $2"
	       " ORDER BY b.stripe_session_id IS NOT DISTINCT FROM $1 DESC LIMIT 1",
	.reads_only = true,
};

static enum err_kind read_claim(const struct pg_results *results, struct arena *arena,
				struct checkout_claim **ret_claim, struct err *err)
{
	struct checkout_claim *claim = arena_alloc(arena, sizeof *claim);

	if (!claim)
		return err_set(err, ERR_RETRY, "no_memory", "a booking does not fit its arena");
	if (booking_row_read(results, 0, 0, arena, &claim->booking, err))
		return err->kind;
	if (!str_copy(claim->lease_token, sizeof claim->lease_token, pg_text(results, 0, 0, TOKEN_COLUMN)))
		return err_set(err, ERR_REJECT, "bad_row", "the lease does not read");
	claim->attempts = (int)pg_int(results, 0, 0, TOKEN_COLUMN + 1);
	claim->failures = (int)pg_int(results, 0, 0, TOKEN_COLUMN + 2);
	claim->now = pg_instant(results, 0, 0, TOKEN_COLUMN + 3);
	*ret_claim = claim;
	return ERR_OK;
}

/* The booking of that id, or, with 0, one that is due. */
static enum err_kind claim_with(struct pg *db, const struct checkout_lease *lease, int64_t booking_id,
				struct checkout_claim **ret_claim, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	int64_t lease_over_ms = deadline_in_ms(lease->lease_ms);
	struct checkout_claim *claim = NULL;
	struct pg_args args = {0};

	pg_arg_int(&args, lease->lease_ms);
	if (booking_id)
		pg_arg_int(&args, booking_id);
	if (pg_one(db, booking_id ? &claim_booking_stmt : &claim_due_stmt, &args, &results, err))
		return err->kind;
	if (pg_rows(&results, 0) > 0 && read_claim(&results, lease->arena, &claim, err))
		return err->kind;
	if (claim)
		claim->lease_over_ms = lease_over_ms;
	*ret_claim = claim;
	return ERR_OK;
}

enum err_kind checkouts_claim_booking(struct pg *db, const struct checkout_lease *lease, int64_t booking_id,
				      struct checkout_claim **ret_claim, struct err *err)
{
	struct checkout_claim *claim = NULL;
	bool is_known = true;

	if (booking_id <= 0)
		return err_set(err, ERR_REJECT, "unknown_booking", "no booking has such an id");
	if (claim_with(db, lease, booking_id, &claim, err))
		return err->kind;
	if (!claim && bookings_is_known(db, booking_id, &is_known, err))
		return err->kind;
	if (!is_known)
		return err_set(err, ERR_REJECT, "unknown_booking", "no booking %lld", (long long)booking_id);
	*ret_claim = claim;
	return ERR_OK;
}

enum err_kind checkouts_claim_due(struct pg *db, const struct checkout_lease *lease,
				  struct checkout_claim **ret_claim, struct err *err)
{
	return claim_with(db, lease, 0, ret_claim, err);
}

enum err_kind checkouts_record_wait(struct pg *db, const struct checkout_claim *claim, const char *error,
				    int64_t wait_ms, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_int(&args, claim->booking.id);
	pg_arg_text(&args, claim->lease_token);
	pg_arg_int(&args, wait_ms);
	pg_arg_text(&args, error && error[0] ? error : NULL);
	return pg_one(db, &wait_stmt, &args, &results, err);
}

enum err_kind checkouts_record_closed(struct pg *db, const struct checkout_claim *claim, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_int(&args, claim->booking.id);
	pg_arg_text(&args, claim->lease_token);
	return pg_one(db, &closed_stmt, &args, &results, err);
}

enum err_kind checkouts_record_awaited(struct pg *db, int64_t booking_id, const char *stripe_session_id,
				       struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_int(&args, booking_id);
	pg_arg_text(&args, stripe_session_id);
	return pg_one(db, &awaited_stmt, &args, &results, err);
}

enum err_kind checkouts_record_made(struct pg *db, int64_t booking_id, const char *stripe_session_id,
				    const char *url, enum booking_status *ret_status,
				    bool *ret_is_its_checkout, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};
	enum booking_status status;

	pg_arg_int(&args, booking_id);
	pg_arg_text(&args, stripe_session_id);
	pg_arg_text(&args, url && url[0] ? url : NULL);
	if (pg_one(db, &made_stmt, &args, &results, err))
		return err->kind;
	if (pg_rows(&results, 0) == 0)
		return err_set(err, ERR_REJECT, "unknown_booking", "no booking %lld", (long long)booking_id);
	if (!booking_status_decode(pg_int(&results, 0, 0, 0), &status))
		return err_set(err, ERR_REJECT, "bad_row", "booking %lld does not read",
			       (long long)booking_id);
	*ret_status = status;
	*ret_is_its_checkout = pg_bool(&results, 0, 0, 1);
	return ERR_OK;
}

enum err_kind checkouts_find_booking(struct pg *db, const char *stripe_session_id, int64_t booking_id,
				     struct arena *arena, struct booking *ret_booking, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_text(&args, stripe_session_id);
	pg_arg_id(&args, booking_id);
	if (pg_one(db, &find_stmt, &args, &results, err))
		return err->kind;
	*ret_booking = (struct booking){0};
	if (pg_rows(&results, 0) == 0)
		return ERR_OK;
	return booking_row_read(&results, 0, 0, arena, ret_booking, err);
}
