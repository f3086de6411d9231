/* reconcile_read.c: what stands beside each other, page by page. */
#include "reconcile_rows.h"
#include "str.h"

static const struct pg_stmt unseen_payments_stmt = {
	.name = "reconcile_unseen_payments",
	.sql = "SELECT p.payment_intent, p.payment_intent FROM payments p WHERE p.captured_at >= $1 AND p.captured_at < $2"
	       " AND p.payment_intent LIKE 'pi\\_%' AND p.payment_intent > $3"
	       " AND NOT EXISTS (SELECT 1 FROM their_payments s WHERE s.id = p.payment_intent)"
	       " ORDER BY p.payment_intent LIMIT $4",
	.reads_only = true,
};

static const struct pg_stmt unseen_refunds_stmt = {
	.name = "reconcile_unseen_refunds",
	.sql = "SELECT r.id, r.payment_intent FROM stripe_refunds r WHERE r.updated_at >= $1 AND r.updated_at < $2"
	       " AND r.id > $3 AND NOT EXISTS (SELECT 1 FROM their_refunds s WHERE s.id = r.id)"
	       " ORDER BY r.id LIMIT $4",
	.reads_only = true,
};

static const struct pg_stmt payment_pairs_stmt = {
	.name = "reconcile_payment_pairs",
	.sql = "SELECT id, day, is_captured IS NOT NULL, our_minor IS NOT NULL, is_marked, is_captured, their_booking,"
	       " their_minor, their_currency, our_booking, our_minor, our_currency FROM payment_pairs WHERE n > $1"
	       " ORDER BY n LIMIT $2",
	.reads_only = true,
};

static const struct pg_stmt refund_pairs_stmt = {
	.name = "reconcile_refund_pairs",
	.sql = "SELECT id, day, their_status IS NOT NULL, our_status IS NOT NULL, is_of_ours, booking_id, their_payment,"
	       " their_status, their_minor, their_currency, our_payment, our_status, our_minor, our_currency"
	       " FROM refund_pairs WHERE n > $1 ORDER BY n LIMIT $2",
	.reads_only = true,
};

#define LIVE "status NOT IN ('failed', 'canceled')"

/* Each side by its own currency, for that may be what differs. */
static const struct pg_stmt sums_stmt = {
	.name = "reconcile_sums",
	.sql = "SELECT object, day, currency, count(their_minor), count(our_minor),"
	       " coalesce(sum(their_minor), 0)::bigint, coalesce(sum(our_minor), 0)::bigint FROM ("
	       "SELECT 'payment' AS object, day, their_currency AS currency, their_minor, NULL::bigint AS our_minor"
	       " FROM payment_pairs WHERE is_captured AND (is_marked OR our_minor IS NOT NULL)"
	       " UNION ALL SELECT 'payment', day, our_currency, NULL, our_minor FROM payment_pairs"
	       " WHERE our_minor IS NOT NULL"
	       " UNION ALL SELECT 'refund', day, their_currency, their_minor, NULL FROM refund_pairs"
	       " WHERE their_" LIVE " AND (is_of_ours OR our_minor IS NOT NULL)"
	       " UNION ALL SELECT 'refund', day, our_currency, NULL, our_minor FROM refund_pairs WHERE our_" LIVE
	       ") s GROUP BY object, day, currency ORDER BY object, day, currency",
	.reads_only = true,
};

static const struct pg_stmt requests_stmt = {
	.name = "reconcile_requests",
	.sql = "SELECT f.id, f.updated_at::date, f.payment_intent, f.booking_id, p.amount_minor,"
	       " p.currency, f.state, coalesce(t.refunded_minor,"
	       " (SELECT coalesce(sum(s.amount_minor), 0)::bigint FROM their_refunds s"
	       " WHERE s.payment = f.payment_intent AND s." LIVE ")), t.refund_id IS NOT NULL"
	       " FROM refunds f JOIN payments p USING (payment_intent) LEFT JOIN given_back_twice t ON t.refund_id = f.id"
	       " WHERE (f.settled_at IS NULL AND f.state NOT IN ('requested', 'sending') OR t.refund_id IS NOT NULL)"
	       " AND (f.updated_at >= $1 AND f.updated_at < $2 OR t.refund_id IS NOT NULL"
	       " AND EXISTS (SELECT 1 FROM their_refunds s WHERE s.payment = f.payment_intent)) AND ($3 = '' OR f.id > nullif($3, '')::uuid)"
	       " ORDER BY f.id LIMIT $4",
	.reads_only = true,
};

static const struct pg_stmt charges_stmt = {
	.name = "reconcile_charges",
	.sql = "SELECT count(*) FROM payments WHERE captured_at >= $1 AND captured_at < $2"
	       " AND payment_intent NOT LIKE 'pi\\_%'",
	.reads_only = true,
};

static enum err_kind no_memory(struct err *err)
{
	return err_set(err, ERR_RETRY, "no_memory", "what is compared does not fit its arena");
}

static enum err_kind query_walk(struct pg *db, const struct pg_stmt *stmt, const struct reconcile_walk *walk,
				struct pg_results *results, struct err *err)
{
	struct pg_args args = {0};

	pg_arg_instant(&args, walk->window->from);
	pg_arg_instant(&args, walk->window->until);
	pg_arg_text(&args, walk->after);
	pg_arg_int(&args, RECONCILE_PAGE_MAX);
	return pg_one(db, stmt, &args, results, err);
}

static enum err_kind query_pairs(struct pg *db, const struct pg_stmt *stmt, int64_t after,
				 struct pg_results *results, struct err *err)
{
	struct pg_args args = {0};

	pg_arg_int(&args, after);
	pg_arg_int(&args, RECONCILE_PAGE_MAX);
	return pg_one(db, stmt, &args, results, err);
}

static enum err_kind read_unseen(struct pg *db, const struct pg_stmt *stmt, const struct reconcile_walk *walk,
				 struct reconcile_unseen_page *ret_page, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct reconcile_unseen_page page = {0};

	if (query_walk(db, stmt, walk, &results, err))
		return err->kind;
	page.rows = arena_alloc(walk->arena, (RECONCILE_PAGE_MAX + 1) * sizeof *page.rows);
	for (; page.rows && page.count < pg_rows(&results, 0); page.count++) {
		struct reconcile_unseen *row = &page.rows[page.count];

		row->id = pg_text_dup(&results, 0, page.count, 0, walk->arena);
		row->payment_intent = pg_text_dup(&results, 0, page.count, 1, walk->arena);
		if (!row->id || !row->payment_intent)
			return no_memory(err);
	}
	if (!page.rows)
		return no_memory(err);
	*ret_page = page;
	return ERR_OK;
}

enum err_kind reconcile_rows_unseen_payments(struct pg *db, const struct reconcile_walk *walk,
					     struct reconcile_unseen_page *ret_page, struct err *err)
{
	return read_unseen(db, &unseen_payments_stmt, walk, ret_page, err);
}

enum err_kind reconcile_rows_unseen_refunds(struct pg *db, const struct reconcile_walk *walk,
					    struct reconcile_unseen_page *ret_page, struct err *err)
{
	return read_unseen(db, &unseen_refunds_stmt, walk, ret_page, err);
}

static struct money read_money(const struct pg_results *results, int row, int column)
{
	struct money money = {.minor = pg_int(results, 0, row, column)};

	(void)str_copy(money.currency, sizeof money.currency, pg_text(results, 0, row, column + 1));
	return money;
}

static bool read_payment_pair(const struct pg_results *results, int row, struct arena *arena,
			      struct reconcile_payment_pair *pair)
{
	pair->id = pg_text_dup(results, 0, row, 0, arena);
	pair->day = pg_text_dup(results, 0, row, 1, arena);
	pair->is_there = pg_bool(results, 0, row, 2);
	pair->is_here = pg_bool(results, 0, row, 3);
	pair->is_marked = pg_bool(results, 0, row, 4);
	pair->theirs.is_captured = pg_bool(results, 0, row, 5);
	pair->theirs.booking_id = pg_int(results, 0, row, 6);
	pair->theirs.received = read_money(results, row, 7);
	pair->ours.booking_id = pg_int(results, 0, row, 9);
	pair->ours.amount = read_money(results, row, 10);
	return pair->id && pair->day;
}

enum err_kind reconcile_rows_payment_pairs(struct pg *db, int64_t after, struct arena *arena,
					   struct reconcile_payment_page *ret_page, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct reconcile_payment_page page = {0};

	if (query_pairs(db, &payment_pairs_stmt, after, &results, err))
		return err->kind;
	page.pairs = arena_alloc(arena, (RECONCILE_PAGE_MAX + 1) * sizeof *page.pairs);
	for (; page.pairs && page.count < pg_rows(&results, 0); page.count++) {
		if (!read_payment_pair(&results, page.count, arena, &page.pairs[page.count]))
			return no_memory(err);
	}
	if (!page.pairs)
		return no_memory(err);
	*ret_page = page;
	return ERR_OK;
}

static enum err_kind read_refund_pair(const struct pg_results *results, int row, struct arena *arena,
				      struct reconcile_refund_pair *pair, struct err *err)
{
	pair->id = pg_text_dup(results, 0, row, 0, arena);
	pair->day = pg_text_dup(results, 0, row, 1, arena);
	pair->is_there = pg_bool(results, 0, row, 2);
	pair->is_here = pg_bool(results, 0, row, 3);
	pair->is_of_ours = pg_bool(results, 0, row, 4);
	pair->booking_id = pg_int(results, 0, row, 5);
	pair->theirs.amount = read_money(results, row, 8);
	pair->ours.payment_intent = pg_text_dup(results, 0, row, 10, arena);
	pair->ours.amount = read_money(results, row, 12);
	if (!pair->id || !pair->day || (pair->is_here && !pair->ours.payment_intent))
		return no_memory(err);
	if (!str_copy(pair->theirs.payment_intent, sizeof pair->theirs.payment_intent,
		      pg_text(results, 0, row, 6))
	    || (pair->is_there
		&& !stripe_refund_status_decode(pg_text(results, 0, row, 7), &pair->theirs.status))
	    || (pair->is_here
		&& !stripe_refund_status_decode(pg_text(results, 0, row, 11), &pair->ours.status)))
		return err_set(err, ERR_REJECT, "bad_row", "refund %s does not read", pair->id);
	return ERR_OK;
}

enum err_kind reconcile_rows_refund_pairs(struct pg *db, int64_t after, struct arena *arena,
					  struct reconcile_refund_page *ret_page, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct reconcile_refund_page page = {0};

	if (query_pairs(db, &refund_pairs_stmt, after, &results, err))
		return err->kind;
	page.pairs = arena_alloc(arena, (RECONCILE_PAGE_MAX + 1) * sizeof *page.pairs);
	if (!page.pairs)
		return no_memory(err);
	for (; page.count < pg_rows(&results, 0); page.count++) {
		if (read_refund_pair(&results, page.count, arena, &page.pairs[page.count], err))
			return err->kind;
	}
	*ret_page = page;
	return ERR_OK;
}

enum err_kind reconcile_rows_sums(struct pg *db, struct arena *arena, struct reconcile_sums *ret_sums,
				  struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct reconcile_sums sums = {0};

	if (pg_one(db, &sums_stmt, NULL, &results, err))
		return err->kind;
	sums.sums = arena_alloc(arena, ((size_t)pg_rows(&results, 0) + 1) * sizeof *sums.sums);
	for (; sums.sums && sums.count < pg_rows(&results, 0); sums.count++) {
		struct reconcile_sum *sum = &sums.sums[sums.count];

		sum->object = pg_text_dup(&results, 0, sums.count, 0, arena);
		sum->day = pg_text_dup(&results, 0, sums.count, 1, arena);
		sum->currency = pg_text_dup(&results, 0, sums.count, 2, arena);
		sum->stripe_count = pg_int(&results, 0, sums.count, 3);
		sum->tables_count = pg_int(&results, 0, sums.count, 4);
		sum->stripe_minor = pg_int(&results, 0, sums.count, 5);
		sum->tables_minor = pg_int(&results, 0, sums.count, 6);
		if (!sum->object || !sum->day || !sum->currency)
			return no_memory(err);
	}
	if (!sums.sums)
		return no_memory(err);
	*ret_sums = sums;
	return ERR_OK;
}

static enum err_kind read_request(const struct pg_results *results, int row, struct arena *arena,
				  struct reconcile_request *request, struct err *err)
{
	request->id = pg_text_dup(results, 0, row, 0, arena);
	request->day = pg_text_dup(results, 0, row, 1, arena);
	request->payment_intent = pg_text_dup(results, 0, row, 2, arena);
	request->booking_id = pg_int(results, 0, row, 3);
	request->captured = read_money(results, row, 4);
	request->live_minor = pg_int(results, 0, row, 7);
	request->is_twice = pg_bool(results, 0, row, 8);
	if (!request->id || !request->day || !request->payment_intent)
		return no_memory(err);
	if (!refund_state_decode(pg_text(results, 0, row, 6), &request->state))
		return err_set(err, ERR_REJECT, "bad_row", "refund %s does not read", request->id);
	return ERR_OK;
}

enum err_kind reconcile_rows_requests(struct pg *db, const struct reconcile_walk *walk,
				      struct reconcile_request_page *ret_page, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct reconcile_request_page page = {0};

	if (query_walk(db, &requests_stmt, walk, &results, err))
		return err->kind;
	page.requests = arena_alloc(walk->arena, (RECONCILE_PAGE_MAX + 1) * sizeof *page.requests);
	if (!page.requests)
		return no_memory(err);
	for (; page.count < pg_rows(&results, 0); page.count++) {
		if (read_request(&results, page.count, walk->arena, &page.requests[page.count], err))
			return err->kind;
	}
	*ret_page = page;
	return ERR_OK;
}

enum err_kind reconcile_rows_count_charges(struct pg *db, const struct reconcile_window *window,
					   int64_t *ret_count, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_instant(&args, window->from);
	pg_arg_instant(&args, window->until);
	if (pg_one(db, &charges_stmt, &args, &results, err))
		return err->kind;
	*ret_count = pg_int(&results, 0, 0, 0);
	return ERR_OK;
}
