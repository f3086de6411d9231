#include "heals.h"

#include "refund_sql.h"
#include "str.h"

#define ARRAY_BYTES_MAX (64u * 1024)

static const struct pg_stmt claim_stmt = {
	.name = "heal_claim_due",
	.sql = "WITH due AS (SELECT pass FROM heals WHERE next_try_at <= clock_timestamp()"
	       " ORDER BY next_try_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)"
	       " UPDATE heals h SET attempts = h.attempts + 1, lease_token = gen_random_uuid(),"
	       " lease_until = statement_timestamp() + $1 * interval '1 millisecond',"
	       " next_try_at = statement_timestamp() + $1 * interval '1 millisecond'"
	       " FROM due, instance i WHERE h.pass = due.pass"
	       " RETURNING h.pass, h.done_until, h.reads_from, h.reads_until, h.after_id, h.failures,"
	       " h.lease_token, clock_timestamp(), i.created_at",
};

#define FREE  "lease_token = NULL, lease_until = NULL"
#define FENCE " WHERE pass = $1 AND lease_token = $2::uuid"

static const struct pg_stmt page_stmt = {
	.name = "heal_page",
	.sql = "UPDATE heals SET after_id = $3,"
	       " done_until = CASE WHEN $3::text IS NULL THEN $5::timestamptz ELSE done_until END,"
	       " reads_from = CASE WHEN $3::text IS NOT NULL THEN $4::timestamptz END,"
	       " reads_until = CASE WHEN $3::text IS NOT NULL THEN $5::timestamptz END,"
	       " failures = 0, last_error = NULL,"
	       " next_try_at = clock_timestamp() + $6 * interval '1 millisecond', " FREE FENCE,
};

static const struct pg_stmt retry_stmt = {
	.name = "heal_retry",
	.sql = "UPDATE heals SET failures = failures + 1, last_error = $3,"
	       " after_id = CASE WHEN NOT $5::boolean THEN after_id END,"
	       " reads_from = CASE WHEN NOT $5::boolean THEN reads_from END,"
	       " reads_until = CASE WHEN NOT $5::boolean THEN reads_until END,"
	       " next_try_at = clock_timestamp() + $4 * interval '1 millisecond', " FREE FENCE,
};

/* The candidates, numbered from 1. */
#define CANDIDATES                                                               \
	"SELECT x.i FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])" \
	" WITH ORDINALITY AS x (id, status, intent, charge, i) WHERE "
#define IS_OURS "EXISTS (SELECT 1 FROM payments p WHERE p.payment_intent IN (x.intent, x.charge))"

/* What dispute_says_more tells apart. */
#define DISPUTE_CLASS(column)                                                                    \
	"CASE WHEN " column " IN ('won', 'lost', 'warning_closed') THEN " column " WHEN " column \
	" LIKE 'warning%' THEN 'inquiry' ELSE 'open' END"

static const struct pg_stmt payments_stmt = {
	.name = "heal_payments",
	.sql = CANDIDATES "NOT EXISTS (SELECT 1 FROM payments p WHERE p.payment_intent = x.id)",
	.reads_only = true,
};

static const struct pg_stmt refunds_stmt = {
	.name = "heal_refunds",
	.sql = CANDIDATES IS_OURS " AND NOT EXISTS (SELECT 1 FROM stripe_refunds s WHERE s.id = x.id"
				  " AND " REFUND_RANK("s.status") " >= " REFUND_RANK("x.status") ")",
	.reads_only = true,
};

static const struct pg_stmt disputes_stmt = {
	.name = "heal_disputes",
	.sql = CANDIDATES
	"EXISTS (SELECT 1 FROM payments p WHERE p.payment_intent IN (x.intent, x.charge) AND NOT EXISTS ("
	"SELECT 1 FROM disputes d WHERE d.booking_id = p.booking_id AND d.payment_intent = p.payment_intent"
	" AND d.id = x.id AND " DISPUTE_CLASS("d.status") " = " DISPUTE_CLASS("x.status") "))",
	.reads_only = true,
};

enum err_kind heals_claim_due(struct pg *db, int64_t lease_ms, struct arena *arena,
			      struct heal_claim **ret_claim, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct heal_claim *claim;
	struct pg_args args = {0};

	pg_arg_int(&args, lease_ms);
	if (pg_one(db, &claim_stmt, &args, &results, err))
		return err->kind;
	*ret_claim = NULL;
	if (pg_rows(&results, 0) == 0)
		return ERR_OK;
	claim = arena_alloc(arena, sizeof *claim);
	if (!claim)
		return err_set(err, ERR_RETRY, "no_memory", "a pass does not fit its arena");
	claim->done_until = pg_instant(&results, 0, 0, 1);
	claim->reads = (struct heal_span){pg_instant(&results, 0, 0, 2), pg_instant(&results, 0, 0, 3)};
	claim->after = pg_text_dup(&results, 0, 0, 4, arena);
	claim->failures = (int)pg_int(&results, 0, 0, 5);
	claim->now = pg_instant(&results, 0, 0, 7);
	claim->began = pg_instant(&results, 0, 0, 8);
	if (!heal_pass_decode(pg_text(&results, 0, 0, 0), &claim->pass)
	    || !str_copy(claim->lease_token, sizeof claim->lease_token, pg_text(&results, 0, 0, 6)))
		return err_set(err, ERR_REJECT, "bad_row", "pass %s does not read",
			       pg_text(&results, 0, 0, 0));
	*ret_claim = claim;
	return ERR_OK;
}

enum err_kind heals_record_page(struct pg *db, const struct heal_claim *claim, const struct heal_page *page,
				struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_text(&args, heal_pass_name(claim->pass));
	pg_arg_text(&args, claim->lease_token);
	pg_arg_text(&args, page->last_id);
	pg_arg_instant(&args, page->span.from);
	pg_arg_instant(&args, page->span.until);
	pg_arg_int(&args, page->last_id ? 0 : page->wait_ms);
	return pg_one(db, &page_stmt, &args, &results, err);
}

enum err_kind heals_record_retry(struct pg *db, const struct heal_claim *claim,
				 const struct heal_retry *retry, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_text(&args, heal_pass_name(claim->pass));
	pg_arg_text(&args, claim->lease_token);
	pg_arg_text(&args, retry->error);
	pg_arg_int(&args, retry->wait_ms);
	pg_arg_text(&args, retry->restarts ? "t" : "f");
	return pg_one(db, &retry_stmt, &args, &results, err);
}

/* One more element of an array literal. */
static void add_element(struct buf *array, const char *text)
{
	buf_add(array, array->len ? "," : "{");
	if (!text) {
		buf_add(array, "NULL");
		return;
	}
	buf_add(array, "\"");
	for (; *text; text++)
		buf_addf(array, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	buf_add(array, "\"");
}

static enum err_kind find_missing(struct pg *db, const struct pg_stmt *stmt,
				  struct heal_candidate *candidates, size_t count, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	enum err_kind kind = ERR_OK;
	struct pg_args args = {0};
	struct buf columns[4];

	for (size_t c = 0; c < 4; c++)
		buf_init(&columns[c], ARRAY_BYTES_MAX);
	for (size_t i = 0; i < count; i++) {
		add_element(&columns[0], candidates[i].id);
		add_element(&columns[1], candidates[i].status);
		add_element(&columns[2], candidates[i].payment_intent);
		add_element(&columns[3], candidates[i].charge_id);
	}
	for (size_t c = 0; c < 4; c++) {
		buf_add(&columns[c], "}");
		if (columns[c].failed)
			kind = err_set(err, ERR_RETRY, "no_memory", "the candidates do not fit");
		pg_arg_text(&args, columns[c].data);
	}
	if (!kind)
		kind = pg_one(db, stmt, &args, &results, err);
	for (int row = 0; !kind && row < pg_rows(&results, 0); row++)
		candidates[pg_int(&results, 0, row, 0) - 1].is_missing = true;
	for (size_t c = 0; c < 4; c++)
		buf_release(&columns[c]);
	return kind;
}

enum err_kind heals_find_missing_payments(struct pg *db, struct heal_candidate *candidates, size_t count,
					  struct err *err)
{
	return count ? find_missing(db, &payments_stmt, candidates, count, err) : ERR_OK;
}

enum err_kind heals_find_missing_refunds(struct pg *db, struct heal_candidate *candidates, size_t count,
					 struct err *err)
{
	return count ? find_missing(db, &refunds_stmt, candidates, count, err) : ERR_OK;
}

enum err_kind heals_find_missing_disputes(struct pg *db, struct heal_candidate *candidates, size_t count,
					  struct err *err)
{
	return count ? find_missing(db, &disputes_stmt, candidates, count, err) : ERR_OK;
}
