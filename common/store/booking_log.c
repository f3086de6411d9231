#include "booking_log.h"

enum err_kind booking_log_queue(struct pg *tx, int64_t booking_id, const char *actor, const char *what,
				const char *detail, struct err *err)
{
	static const struct pg_stmt stmt = {
		.name = "booking_log_insert",
		.sql = "INSERT INTO booking_log (booking_id, actor, what, detail) VALUES ($1, $2, $3, $4::jsonb)",
	};
	struct pg_args args = {0};

	pg_arg_int(&args, booking_id);
	pg_arg_text(&args, actor);
	pg_arg_text(&args, what);
	pg_arg_text(&args, detail);
	return pg_queue(tx, &stmt, &args, err);
}

enum err_kind booking_log_list(struct pg *db, int64_t booking_id, struct arena *arena,
			       struct booking_log_list *ret_list, struct err *err)
{
	static const struct pg_stmt stmt = {
		.name = "booking_log_list",
		.sql = "SELECT at, actor, CASE WHEN what IN ('disputed', 'dispute_closed') AND detail->>'status' LIKE 'warning%'"
		       " THEN CASE what WHEN 'disputed' THEN 'inquiry' ELSE 'inquiry_closed' END ELSE what END,"
		       " detail FROM booking_log WHERE booking_id = $1 ORDER BY id LIMIT 500",
		.reads_only = true,
	};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};
	struct booking_log_entry *entries;
	int count;

	pg_arg_int(&args, booking_id);
	if (pg_one(db, &stmt, &args, &results, err))
		return err->kind;
	count = pg_rows(&results, 0);
	entries = arena_alloc(arena, (size_t)(count + 1) * sizeof *entries);
	for (int i = 0; entries && i < count; i++) {
		entries[i].at = pg_instant(&results, 0, i, 0);
		entries[i].actor = pg_text_dup(&results, 0, i, 1, arena);
		entries[i].what = pg_text_dup(&results, 0, i, 2, arena);
		entries[i].detail = pg_text_dup(&results, 0, i, 3, arena);
		if (!entries[i].actor || !entries[i].what)
			entries = NULL;
	}
	if (!entries)
		return err_set(err, ERR_RETRY, "no_memory", "a time line does not fit its arena");
	*ret_list = (struct booking_log_list){count, entries};
	return ERR_OK;
}
