#include "refund_events.h"

#include <stdio.h>

#include "refund_sql.h"
#include "str.h"

static const struct pg_stmt find_stmt = {
	.name = "refund_event_find",
	.sql = "SELECT p.booking_id, p.payment_intent, p.amount_minor, p.currency, r.id, r.state, r.generation,"
	       " r.first_sent_at, r.attempts, r.failures, r.created_at, r.cause, r.version,"
	       " (extract(epoch FROM clock_timestamp() - r.created_at) * 1000)::bigint,"
	       " CASE WHEN r.settled_at IS NULL THEN r.failure_reason END, r.settled_at IS NOT NULL"
	       " FROM payments p LEFT JOIN refunds r USING (payment_intent)"
	       " WHERE p.payment_intent = $1 OR ($1::text IS NULL AND p.charge_id = $2) OR p.payment_intent = $2 LIMIT 1",
	.reads_only = true,
};

static const struct pg_stmt record_stmt = {
	.name = "refund_event_record",
	.sql = "WITH u AS ("
	       "UPDATE refunds SET state = $4, generation = $5,"
	       " first_sent_at = CASE WHEN generation = $5 THEN first_sent_at END, failure_reason = $6,"
	       " overdue_at = CASE WHEN generation = $5 THEN overdue_at END,"
	       " updated_at = clock_timestamp(), version = version + 1,"
	       " next_try_at = CASE WHEN lease_until > clock_timestamp() THEN next_try_at"
	       " ELSE clock_timestamp() + $7 * interval '1 millisecond' END"
	       " WHERE id = $1::uuid AND state = $2 AND version = $3 RETURNING id, booking_id, version"
	       "), l AS ("
	       "INSERT INTO booking_log (booking_id, actor, what, detail)"
	       " SELECT booking_id, 'stripe', $8, $9::jsonb FROM u WHERE $8::text IS NOT NULL" REFUND_NEWS(
		       "$10", "$11", "$12", "$13") " SELECT count(*) FROM u",
};

#define IS_DEAD(column) column " IN ('failed', 'canceled')"

/* One by hand is told of when it is seen for the first time, and, unless a refund of ours is under way or has gone through, when it comes to
 * nothing after that: the parent was told of money that does not come. So is any that a settlement counted, for no worker looks at it any
 * more. Several events say so at once; its one mail makes it once. */
static const struct pg_stmt seen_stmt = {
	.name = "refund_event_seen",
	.sql = "WITH was AS (SELECT status FROM stripe_refunds WHERE id = $1"
	       "), s AS (" REFUND_SEEN " RETURNING xmax = 0 AS is_new, status"
	       "), l AS ("
	       "INSERT INTO booking_log (booking_id, actor, what, detail)"
	       " SELECT $11, 'stripe', 'refund_by_hand', $12::jsonb FROM s WHERE is_new AND $6::uuid IS NULL"
	       "), f AS (SELECT 1 FROM s, was WHERE ($6::uuid IS NULL OR EXISTS (SELECT 1 FROM refunds"
	       " WHERE payment_intent = $2 AND settled_at IS NOT NULL)) AND " IS_DEAD("s.status") " AND NOT " IS_DEAD(
		       "was.status") " AND NOT EXISTS (SELECT 1 FROM refunds WHERE payment_intent = $2 AND settled_at IS NULL"
				     " AND state NOT IN ('failed', 'canceled', 'needs_attention'))"
				     "), m AS (INSERT INTO mails (booking_id, kind, recipient_id, booking_version, ref, next_try_at)"
				     " SELECT b.id, 'refund_failed', b.parent_id, b.version, $1, clock_timestamp() FROM f, bookings b"
				     " WHERE b.id = $11 ON CONFLICT DO NOTHING RETURNING 1"
				     "), t AS (INSERT INTO booking_log (booking_id, actor, what, detail)"
				     " SELECT $11, 'stripe', 'refund_failed', $12::jsonb FROM m"
				     ") SELECT coalesce(bool_or(is_new), false), EXISTS (SELECT 1 FROM m) FROM s",
};

static const struct pg_stmt balance_stmt = {
	.name = "refund_event_balance",
	.sql = "SELECT EXISTS (SELECT 1 FROM given_back_twice WHERE payment_intent = $1),"
	       " EXISTS (SELECT 1 FROM given_back_short WHERE payment_intent = $1)",
	.reads_only = true,
};

static const struct pg_stmt may_exist_stmt = {
	.name = "refund_event_may_exist",
	.sql = "UPDATE refunds SET first_sent_at = clock_timestamp() WHERE id = $1::uuid AND first_sent_at IS NULL",
};

static const struct pg_stmt unsettle_stmt = {
	.name = "refund_event_unsettle",
	.sql = "UPDATE refunds SET settled_at = NULL, settled_by = NULL, settled_reference = NULL,"
	       " updated_at = clock_timestamp(), version = version + 1"
	       " WHERE payment_intent = $1 AND settled_by = 'stripe'",
};

static const struct pg_stmt asked_for_stmt = {
	.name = "refund_event_asked_for",
	.sql = "SELECT 1 FROM refunds WHERE payment_intent = $1",
	.reads_only = true,
};

static const struct pg_stmt lock_stmt = {
	.name = "refund_event_lock",
	.sql = "SELECT 1 FROM refunds WHERE payment_intent = $1 FOR NO KEY UPDATE",
	.reads_only = true,
};

static enum err_kind read_row(const struct pg_results *results, const struct refund_events_found *found,
			      struct arena *arena, struct refund_claim **ret_row, struct err *err)
{
	struct refund_claim *row = arena_alloc(arena, sizeof *row);
	struct refund *refund;

	if (!row)
		return err_set(err, ERR_RETRY, "no_memory", "a refund row does not fit its arena");
	refund = &row->refund;
	refund->booking_id = found->booking_id;
	refund->payment_intent = found->payment_intent;
	refund->captured = found->captured;
	refund->generation = (int)pg_int(results, 0, 0, 6);
	refund->first_sent_at = pg_instant(results, 0, 0, 7);
	refund->attempts = (int)pg_int(results, 0, 0, 8);
	refund->failures = (int)pg_int(results, 0, 0, 9);
	refund->created_at = pg_instant(results, 0, 0, 10);
	row->cause = pg_text_dup(results, 0, 0, 11, arena);
	row->version = pg_int(results, 0, 0, 12);
	row->age_ms = pg_int(results, 0, 0, 13);
	if (!row->cause)
		return err_set(err, ERR_RETRY, "no_memory", "a refund row does not fit its arena");
	if (!str_copy(refund->id, sizeof refund->id, pg_text(results, 0, 0, 4))
	    || !refund_state_decode(pg_text(results, 0, 0, 5), &refund->state))
		return err_set(err, ERR_REJECT, "bad_row", "refund %s does not read",
			       pg_text(results, 0, 0, 4));
	*ret_row = row;
	return ERR_OK;
}

enum err_kind refund_events_find(struct pg *db, const char *payment_intent, const char *charge_id,
				 struct arena *arena, struct refund_events_found *ret_found, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct refund_events_found found = {0};
	struct pg_args args = {0};

	pg_arg_text(&args, payment_intent);
	pg_arg_text(&args, charge_id);
	if (pg_one(db, &find_stmt, &args, &results, err))
		return err->kind;
	found.found = pg_rows(&results, 0) > 0;
	*ret_found = found;
	if (!found.found)
		return ERR_OK;
	found.booking_id = pg_int(&results, 0, 0, 0);
	found.payment_intent = pg_text_dup(&results, 0, 0, 1, arena);
	found.captured.minor = pg_int(&results, 0, 0, 2);
	if (!found.payment_intent)
		return err_set(err, ERR_RETRY, "no_memory", "a payment does not fit its arena");
	found.reason = pg_text_dup(&results, 0, 0, 14, arena);
	found.is_settled = pg_bool(&results, 0, 0, 15);
	(void)str_copy(found.captured.currency, sizeof found.captured.currency, pg_text(&results, 0, 0, 3));
	if (!pg_is_null(&results, 0, 0, 4) && read_row(&results, &found, arena, &found.row, err))
		return err->kind;
	*ret_found = found;
	return ERR_OK;
}

enum err_kind refund_events_record(struct pg *db, const struct refund_record *record, bool *ret_recorded,
				   struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	const struct refund_change *change = record->change;
	struct pg_args args = {0};

	pg_arg_text(&args, record->claim->refund.id);
	pg_arg_text(&args, refund_state_name(record->claim->refund.state));
	pg_arg_int(&args, record->claim->version);
	pg_arg_text(&args, refund_state_name(change->state));
	pg_arg_int(&args, change->generation);
	refund_sql_word(&args, change->reason);
	pg_arg_int(&args, record->wait_ms);
	pg_arg_text(&args, record->log_what);
	pg_arg_text(&args, record->log_detail);
	pg_arg_text(&args, record->mails_parent ? "t" : "f");
	pg_arg_text(&args, record->event_type);
	pg_arg_text(&args, record->event_payload);
	refund_sql_word(&args, record->traceparent);
	if (pg_one(db, &record_stmt, &args, &results, err))
		return err->kind;
	*ret_recorded = pg_int(&results, 0, 0, 0) > 0;
	return ERR_OK;
}

enum err_kind refund_events_record_seen(struct pg *db, const struct refund_events_found *about,
					const struct stripe_refund *seen, struct refund_seen_news *ret_news,
					struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0}, payment = {0};
	char detail[256];

	(void)snprintf(detail, sizeof detail,
		       "{\"stripeRefund\":\"%s\",\"amountMinor\":%lld,\"currency\":\"%s\"}", seen->id,
		       (long long)seen->amount.minor, seen->amount.currency);
	refund_sql_seen_args(&args, about->row ? &about->row->refund : NULL, seen);
	pg_arg_int(&args, about->booking_id);
	pg_arg_text(&args, detail);
	pg_arg_text(&payment, about->payment_intent);
	if (pg_queue(db, &seen_stmt, &args, err) || pg_queue(db, &balance_stmt, &payment, err)
	    || pg_run(db, &results, err))
		return err->kind;
	ret_news->is_twice =
		pg_bool(&results, 0, 0, 0) && stripe_refund_is_live(seen) && pg_bool(&results, 1, 0, 0);
	ret_news->has_failed = pg_bool(&results, 0, 0, 1);
	return ERR_OK;
}

enum err_kind refund_events_get_balance(struct pg *tx, const char *payment_intent,
					struct refund_balance *ret_balance, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_text(&args, payment_intent);
	if (pg_one(tx, &balance_stmt, &args, &results, err))
		return err->kind;
	ret_balance->is_twice = pg_bool(&results, 0, 0, 0);
	ret_balance->is_short = pg_bool(&results, 0, 0, 1);
	return ERR_OK;
}

enum err_kind refund_events_queue_may_exist(struct pg *tx, const char *refund_id, struct err *err)
{
	struct pg_args args = {0};

	pg_arg_text(&args, refund_id);
	return pg_queue(tx, &may_exist_stmt, &args, err);
}

enum err_kind refund_events_queue_unsettle(struct pg *tx, const char *payment_intent, struct err *err)
{
	struct pg_args args = {0};

	pg_arg_text(&args, payment_intent);
	return pg_queue(tx, &unsettle_stmt, &args, err);
}

enum err_kind refund_events_is_asked_for(struct pg *tx, const char *payment_intent, bool *ret_is,
					 struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_text(&args, payment_intent);
	if (pg_one(tx, &asked_for_stmt, &args, &results, err))
		return err->kind;
	*ret_is = pg_rows(&results, 0) > 0;
	return ERR_OK;
}

enum err_kind refund_events_lock(struct pg *tx, const char *payment_intent, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_text(&args, payment_intent);
	return pg_one(tx, &lock_stmt, &args, &results, err);
}
