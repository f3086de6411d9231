#include "orphans.h"

#include "booking_row.h"

#define IS_ORPHAN                            \
	"b.status = 0 AND b.paid_at IS NULL" \
	" AND b.created_at < statement_timestamp() - $1 * interval '1 second'"

static const struct pg_stmt list_stmt = {
	.name = "orphans_list",
	.sql = "SELECT " BOOKING_COLUMNS ", statement_timestamp() FROM bookings b WHERE " IS_ORPHAN
	       " AND ($2::timestamptz IS NULL OR (b.created_at, b.id) < ($2, $3))"
	       " ORDER BY b.created_at DESC, b.id DESC LIMIT $4",
	.reads_only = true,
};

static const struct pg_stmt count_stmt = {
	.name = "orphans_count",
	.sql = "SELECT count(*) FROM bookings b WHERE " IS_ORPHAN,
	.reads_only = true,
};

enum err_kind orphans_list(struct pg *db, const struct orphans_query *query, struct arena *arena,
			   struct orphans_page *ret_page, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct orphans_page page = {0};
	struct pg_args args = {0};

	pg_arg_int(&args, query->older_than_s);
	pg_arg_instant(&args, query->after_at);
	pg_arg_int(&args, query->after_id);
	pg_arg_int(&args, ORPHANS_PAGE_MAX);
	if (pg_one(db, &list_stmt, &args, &results, err))
		return err->kind;
	page.count = pg_rows(&results, 0);
	page.bookings = arena_alloc(arena, (size_t)(page.count + 1) * sizeof *page.bookings);
	if (!page.bookings)
		return err_set(err, ERR_RETRY, "no_memory", "the bookings do not fit their arena");
	for (int i = 0; i < page.count; i++) {
		if (booking_row_read(&results, 0, i, arena, &page.bookings[i], err))
			return err->kind;
		page.now = pg_instant(&results, 0, i, BOOKING_COLUMN_COUNT);
	}
	*ret_page = page;
	return ERR_OK;
}

enum err_kind orphans_count(struct pg *db, int64_t older_than_s, int64_t *ret_count, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_int(&args, older_than_s);
	if (pg_one(db, &count_stmt, &args, &results, err))
		return err->kind;
	*ret_count = pg_int(&results, 0, 0, 0);
	return ERR_OK;
}
