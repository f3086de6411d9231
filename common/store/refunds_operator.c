#include "refunds_operator.h"

static const struct pg_stmt find_stmt = {
	.name = "refund_case",
	.sql = "SELECT payment_intent, settled_at IS NOT NULL, settled_minor, settled_reference FROM refunds"
	       " WHERE id::text = lower($1)",
	.reads_only = true,
};

#define FENCE " WHERE id = $1::uuid AND state = $2 AND version = $3"
#define NEWS                                                                               \
	" o AS (INSERT INTO outbox (aggregatetype, aggregateid, type, payload)"            \
	" SELECT 'refund', booking_id::text, 'unbook.refund.changed.v1', $5::text FROM u)" \
	" SELECT count(*) FROM u"

static const struct pg_stmt retry_stmt = {
	.name = "refund_case_retry",
	.sql = "WITH u AS (UPDATE refunds SET state = $6, generation = $7,"
	       " first_sent_at = CASE WHEN generation = $7 THEN first_sent_at END, failure_reason = NULL,"
	       " overdue_at = CASE WHEN generation = $7 THEN overdue_at END,"
	       " last_error = NULL, updated_at = clock_timestamp(), version = version + 1,"
	       " next_try_at = CASE WHEN lease_until > clock_timestamp() THEN next_try_at ELSE clock_timestamp() END" FENCE
	       " AND settled_at IS NULL RETURNING id, booking_id, state, generation),"
	       " l AS (INSERT INTO booking_log (booking_id, actor, what, detail) SELECT booking_id, $4,"
	       " 'refund_retried', jsonb_build_object('refund', id, 'state', state, 'generation', generation) FROM u)," NEWS,
};

static const struct pg_stmt settle_stmt = {
	.name = "refund_case_settle",
	.sql = "WITH u AS (UPDATE refunds SET settled_by = $4, settled_reference = concat_ws('; ', settled_reference, $6::text),"
	       " settled_minor = settled_minor + $7,"
	       " settled_at = clock_timestamp(), updated_at = clock_timestamp(), version = version + 1" FENCE
	       " AND state IN ('failed', 'canceled', 'needs_attention') RETURNING id, booking_id),"
	       " l AS (INSERT INTO booking_log (booking_id, actor, what, detail) SELECT booking_id, $4,"
	       " 'refund_settled', jsonb_build_object('refund', id, 'reference', $6::text) FROM u)," NEWS,
};

static const struct pg_stmt parts_stmt = {
	.name = "refund_case_parts",
	.sql = "SELECT id, NULL AS status, amount_minor, status NOT IN ('failed', 'canceled') FROM stripe_refunds"
	       " WHERE payment_intent = $2 UNION ALL SELECT id, coalesce(nullif(status, ''), 'open'), amount_minor,"
	       " status IS NOT DISTINCT FROM 'lost' FROM disputes WHERE booking_id = $1 AND payment_intent = $2 ORDER BY id",
	.reads_only = true,
};

enum err_kind refunds_find_case(struct pg *db, const char *id, struct arena *arena,
				struct refund_case *ret_case, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct refund_case found = {0};
	const char *payment_intent;
	struct pg_args args = {0};

	pg_arg_text(&args, id);
	if (pg_one(db, &find_stmt, &args, &results, err))
		return err->kind;
	if (pg_rows(&results, 0) == 0) {
		*ret_case = found;
		return ERR_OK;
	}
	payment_intent = pg_text(&results, 0, 0, 0);
	found.is_settled = pg_bool(&results, 0, 0, 1);
	found.settled_minor = pg_int(&results, 0, 0, 2);
	found.settled_reference = pg_text_dup(&results, 0, 0, 3, arena);
	if (refund_events_find(db, payment_intent, NULL, arena, &found.about, err))
		return err->kind;
	found.found = found.about.found && found.about.row;
	*ret_case = found;
	return ERR_OK;
}

enum err_kind refunds_list_parts(struct pg *db, const struct refund *refund, struct arena *arena,
				 struct settlement_case *ret_case, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct settlement_part *parts;
	struct pg_args args = {0};
	size_t count;

	pg_arg_int(&args, refund->booking_id);
	pg_arg_text(&args, refund->payment_intent);
	if (pg_one(db, &parts_stmt, &args, &results, err))
		return err->kind;
	count = (size_t)pg_rows(&results, 0);
	parts = arena_alloc(arena, (count + 1) * sizeof *parts);
	for (size_t i = 0; parts && i < count; i++) {
		parts[i] = (struct settlement_part){pg_text_dup(&results, 0, (int)i, 0, arena),
						    pg_text_dup(&results, 0, (int)i, 1, arena),
						    pg_int(&results, 0, (int)i, 2),
						    pg_bool(&results, 0, (int)i, 3)};
		if (!parts[i].id || (!parts[i].dispute_status && !pg_is_null(&results, 0, (int)i, 1)))
			parts = NULL;
	}
	if (!parts)
		return err_set(err, ERR_RETRY, "no_memory",
			       "the refunds of a payment do not fit their arena");
	ret_case->parts = parts;
	ret_case->count = count;
	return ERR_OK;
}

static void start_args(struct pg_args *args, const struct refund_ruling *ruling)
{
	pg_arg_text(args, ruling->row->refund.id);
	pg_arg_text(args, refund_state_name(ruling->row->refund.state));
	pg_arg_int(args, ruling->row->version);
	pg_arg_text(args, ruling->actor);
	pg_arg_text(args, ruling->event_payload);
}

static enum err_kind record(struct pg *db, const struct pg_stmt *stmt, const struct pg_args *args,
			    bool *ret_recorded, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;

	if (pg_one(db, stmt, args, &results, err))
		return err->kind;
	*ret_recorded = pg_int(&results, 0, 0, 0) > 0;
	return ERR_OK;
}

enum err_kind refunds_record_retry(struct pg *db, const struct refund_ruling *ruling,
				   const struct refund_change *change, bool *ret_recorded, struct err *err)
{
	struct pg_args args = {0};

	start_args(&args, ruling);
	pg_arg_text(&args, refund_state_name(change->state));
	pg_arg_int(&args, change->generation);
	return record(db, &retry_stmt, &args, ret_recorded, err);
}

enum err_kind refunds_record_settled(struct pg *db, const struct refund_ruling *ruling,
				     const struct refund_settling *settling, bool *ret_recorded,
				     struct err *err)
{
	struct pg_args args = {0};

	start_args(&args, ruling);
	pg_arg_text(&args, settling->reference);
	pg_arg_int(&args, settling->another_way_minor);
	return record(db, &settle_stmt, &args, ret_recorded, err);
}
