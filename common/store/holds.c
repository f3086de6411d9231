#include "holds.h"

#include "booking_row.h"
#include "idempotency_keys.h"

#define FACTS_ROW 3 /* places in the answers of holds_open */
#define RIVAL_ROW 4

static const struct pg_stmt teacher_stmt = {
	.name = "hold_lock_teacher",
	.sql = "SELECT pg_advisory_xact_lock($1)",
	.reads_only = true,
};

/* FOR NO KEY UPDATE: rows that refer to the parent can still be written meanwhile. */
static const struct pg_stmt parent_stmt = {
	.name = "hold_lock_parent",
	.sql = "SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE",
	.reads_only = true,
};

#define OFFER_COLUMNS                                                                          \
	"o.id, o.teacher_id, t.display_name, o.title, extract(epoch FROM o.duration)::bigint," \
	" o.amount_minor, o.currency, extract(epoch FROM o.cancel_notice)::bigint,"            \
	" extract(epoch FROM o.min_notice)::bigint"
#define OFFER_COLUMN_COUNT 9

/* $1 teacher, $2 the offer that is meant or NULL. */
#define MEANT_OFFERS "offers o WHERE o.teacher_id = $1 AND o.active AND ($2::bigint IS NULL OR o.id = $2)"

/* In statements of their own, after the locks: they see what whoever held them has written. */
static const struct pg_stmt facts_stmt = {
	.name = "hold_facts",
	.sql = "SELECT " OFFER_COLUMNS ", clock_timestamp(),"
	       " (SELECT count(*) FROM (SELECT 1 FROM " MEANT_OFFERS " LIMIT 2) c),"
	       " EXISTS (SELECT 1 FROM users u WHERE u.id = $3 AND (u.id = $4 OR u.guardian_id = $4)),"
	       " (SELECT count(*) FROM bookings b WHERE b.parent_id = $4 AND b.status = 0)"
	       " FROM (SELECT 1) one LEFT JOIN LATERAL (SELECT * FROM " MEANT_OFFERS
	       " ORDER BY o.id LIMIT 1) o ON true LEFT JOIN users t ON t.id = o.teacher_id",
	.reads_only = true,
};

static const struct pg_stmt rival_stmt = {
	.name = "hold_rival",
	.sql = "SELECT " BOOKING_COLUMNS " FROM bookings b WHERE b.teacher_id = $1 AND b.status IN (0, 1)"
	       " AND b.during && tstzrange($3, $3::timestamptz + (SELECT o.duration FROM " MEANT_OFFERS
	       " ORDER BY o.id LIMIT 1))"
	       " ORDER BY (b.parent_id = $4 AND b.status = 0) DESC, b.starts_at LIMIT 1",
	.reads_only = true,
};

static const struct pg_stmt waiting_stmt = {
	.name = "hold_waiting",
	.sql = "SELECT " BOOKING_COLUMNS " FROM bookings b WHERE b.parent_id = $1 AND b.status = 0"
	       " ORDER BY b.payment_awaited, b.hold_expires_at, b.id LIMIT 1",
	.reads_only = true,
};

/* The reaper looks at it when the hold is over (checkouts.h). */
static const struct pg_stmt insert_stmt = {
	.name = "hold_insert",
	.sql = "WITH b AS (INSERT INTO bookings (parent_id, student_id, teacher_id, offer_id, title, starts_at,"
	       " ends_at, amount_minor, currency, cancel_notice, notes, hold_expires_at, next_try_at)"
	       " VALUES ($1, $2, $3, $4, $5, $6, $6::timestamptz + $7 * interval '1 second', $8, $9,"
	       " $10 * interval '1 second', $11, $12, $12) RETURNING *"
	       "), l AS (INSERT INTO booking_log (booking_id, actor, what, detail)"
	       " SELECT id, 'user:' || parent_id, 'booked',"
	       " jsonb_build_object('offer', offer_id, 'holdExpiresAt', hold_expires_at) FROM b"
	       ") SELECT " BOOKING_COLUMNS " FROM b",
};

static const struct pg_stmt notes_stmt = {
	.name = "hold_notes",
	.sql = "UPDATE bookings SET notes = $2 WHERE id = $1 AND status = 0",
};

static const struct pg_stmt list_stmt = {
	.name = "hold_offers",
	.sql = "SELECT " OFFER_COLUMNS ", clock_timestamp() FROM offers o JOIN users t ON t.id = o.teacher_id"
	       " WHERE o.active ORDER BY t.display_name, t.id, o.title, o.id LIMIT 1000",
	.reads_only = true,
};

static enum err_kind read_offer(const struct pg_results *results, int index, int row, struct arena *arena,
				struct offer *ret_offer, struct err *err)
{
	struct offer offer = {.id = pg_int(results, index, row, 0),
			      .teacher_id = pg_int(results, index, row, 1),
			      .teacher_name = pg_text_dup(results, index, row, 2, arena),
			      .title = pg_text_dup(results, index, row, 3, arena),
			      .duration_s = pg_int(results, index, row, 4),
			      .price.minor = pg_int(results, index, row, 5),
			      .cancel_notice_s = pg_int(results, index, row, 7),
			      .min_notice_s = pg_int(results, index, row, 8)};

	if (!offer.teacher_name || !offer.title)
		return err_set(err, ERR_RETRY, "no_memory", "an offer does not fit its arena");
	if (!money_currency_decode(pg_text(results, index, row, 6), offer.price.currency))
		return err_set(err, ERR_REJECT, "bad_row", "the currency of an offer does not read");
	*ret_offer = offer;
	return ERR_OK;
}

static enum err_kind read_facts(const struct pg_results *results, struct arena *arena,
				struct hold_facts *ret_facts, struct err *err)
{
	struct hold_facts facts = {.now = pg_instant(results, FACTS_ROW, 0, OFFER_COLUMN_COUNT),
				   .offer_count = pg_int(results, FACTS_ROW, 0, OFFER_COLUMN_COUNT + 1),
				   .student_is_own = pg_bool(results, FACTS_ROW, 0, OFFER_COLUMN_COUNT + 2),
				   .live_holds = pg_int(results, FACTS_ROW, 0, OFFER_COLUMN_COUNT + 3)};
	struct booking *rival;

	if (facts.offer_count > 0 && read_offer(results, FACTS_ROW, 0, arena, &facts.offer, err))
		return err->kind;
	if (pg_rows(results, RIVAL_ROW) > 0) {
		rival = arena_alloc(arena, sizeof *rival);
		if (!rival)
			return err_set(err, ERR_RETRY, "no_memory", "a booking does not fit its arena");
		if (booking_row_read(results, RIVAL_ROW, 0, arena, rival, err))
			return err->kind;
		facts.rival = rival;
	}
	*ret_facts = facts;
	return ERR_OK;
}

enum err_kind holds_open(struct pg *tx, const struct hold_request *request, struct arena *arena,
			 struct hold_facts *ret_facts, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args teacher = {0}, parent = {0}, facts = {0}, rival = {0};

	pg_arg_int(&teacher, request->teacher_id);
	pg_arg_int(&parent, request->parent_id);
	pg_arg_int(&facts, request->teacher_id);
	pg_arg_id(&facts, request->offer_id);
	pg_arg_int(&facts, request->student_id);
	pg_arg_int(&facts, request->parent_id);
	pg_arg_int(&rival, request->teacher_id);
	pg_arg_id(&rival, request->offer_id);
	pg_arg_instant(&rival, request->starts_at);
	pg_arg_int(&rival, request->parent_id);
	if (pg_queue_begin(tx, err) || pg_queue(tx, &teacher_stmt, &teacher, err)
	    || pg_queue(tx, &parent_stmt, &parent, err) || pg_queue(tx, &facts_stmt, &facts, err)
	    || pg_queue(tx, &rival_stmt, &rival, err) || pg_run(tx, &results, err))
		return err->kind;
	return read_facts(&results, arena, ret_facts, err);
}

enum err_kind holds_find_waiting(struct pg *db, int64_t parent_id, struct arena *arena,
				 struct booking *ret_booking, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_int(&args, parent_id);
	if (pg_one(db, &waiting_stmt, &args, &results, err))
		return err->kind;
	*ret_booking = (struct booking){0};
	return pg_rows(&results, 0) ? booking_row_read(&results, 0, 0, arena, ret_booking, err) : ERR_OK;
}

enum err_kind holds_insert(struct pg *tx, const struct holds_new *hold, struct arena *arena,
			   struct booking *ret_booking, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	const struct hold_request *request = hold->request;
	const struct offer *offer = hold->offer;
	struct pg_args args = {0};

	pg_arg_int(&args, request->parent_id);
	pg_arg_int(&args, request->student_id);
	pg_arg_int(&args, request->teacher_id);
	pg_arg_int(&args, offer->id);
	pg_arg_text(&args, offer->title);
	pg_arg_instant(&args, request->starts_at);
	pg_arg_int(&args, offer->duration_s);
	pg_arg_int(&args, offer->price.minor);
	pg_arg_text(&args, offer->price.currency);
	pg_arg_int(&args, offer->cancel_notice_s);
	pg_arg_text(&args, request->notes);
	pg_arg_instant(&args, hold->hold_expires_at);
	if (pg_queue(tx, &insert_stmt, &args, err)
	    || (hold->key && idempotency_keys_queue(tx, hold->key, 0, err)) || pg_queue_commit(tx, err)
	    || pg_run(tx, &results, err))
		return err->kind;
	return booking_row_read(&results, 0, 0, arena, ret_booking, err);
}

enum err_kind holds_write_notes(struct pg *tx, const struct holds_new *hold, int64_t booking_id,
				struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_int(&args, booking_id);
	pg_arg_text(&args, hold->request->notes);
	if (pg_queue(tx, &notes_stmt, &args, err)
	    || (hold->key && idempotency_keys_queue(tx, hold->key, booking_id, err))
	    || pg_queue_commit(tx, err))
		return err->kind;
	return pg_run(tx, &results, err);
}

enum err_kind holds_list_offers(struct pg *db, struct arena *arena, struct holds_offers *ret_offers,
				struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct holds_offers found = {0};
	struct offer *offers;

	if (pg_one(db, &list_stmt, NULL, &results, err))
		return err->kind;
	found.count = pg_rows(&results, 0);
	offers = arena_alloc(arena, ((size_t)found.count + 1) * sizeof *offers);
	if (!offers)
		return err_set(err, ERR_RETRY, "no_memory", "the offers do not fit their arena");
	for (int i = 0; i < found.count; i++)
		if (read_offer(&results, 0, i, arena, &offers[i], err))
			return err->kind;
	found.offers = offers;
	found.now = found.count ? pg_instant(&results, 0, 0, OFFER_COLUMN_COUNT) : INSTANT_NONE;
	*ret_offers = found;
	return ERR_OK;
}
