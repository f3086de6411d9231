/* booking_views.c: bookings as people read them, one and in lists */
#include "booking_row.h"
#include "bookings.h"
#include "refund_beside.h"
#include "str.h"

/* The refund of the kept payment (of one that took place: made by hand, and adopted); else, of a Cancelled booking, the newest one of a
 * payment that was given back. */
#define VIEW_SELECT                                                                                                                       \
	"SELECT " BOOKING_COLUMNS ", pu.display_name, su.display_name, tu.display_name,"                                                  \
	" CASE WHEN b.status = 1 AND m.state = 'ready' THEN m.url END,"                                                                   \
	" r.state, r.amount_minor, r.currency, r.failure_reason, r.settled_at IS NOT NULL, r.sent_at, r.updated_at, r.settled_minor,"     \
	" " REFUND_BESIDE_COLUMNS                                                                                                         \
	", now() FROM bookings b JOIN users pu ON pu.id = b.parent_id JOIN users su ON su.id = b.student_id"                              \
	" JOIN users tu ON tu.id = b.teacher_id LEFT JOIN meetings m ON m.booking_id = b.id"                                              \
	" LEFT JOIN LATERAL (SELECT x.state, p.amount_minor, p.currency, x.failure_reason, x.settled_at,"                                 \
	" coalesce(x.first_sent_at, x.created_at) AS sent_at, x.updated_at, x.settled_minor, x.payment_intent"                            \
	" FROM refunds x JOIN payments p USING (payment_intent) WHERE x.booking_id = b.id"                                                \
	" AND (b.status = 3 OR x.payment_intent = b.payment_intent)"                                                                      \
	" ORDER BY x.payment_intent IS NOT DISTINCT FROM b.payment_intent DESC, x.created_at DESC LIMIT 1) r ON true" REFUND_BESIDE_JOIN( \
		"b.id", "coalesce(r.payment_intent, b.payment_intent)")

#define COLUMN_NAMES  BOOKING_COLUMN_COUNT
#define COLUMN_URL    (COLUMN_NAMES + 3)
#define COLUMN_REFUND (COLUMN_URL + 1)
#define COLUMN_BESIDE (COLUMN_REFUND + 8)
#define COLUMN_NOW    (COLUMN_BESIDE + REFUND_BESIDE_COUNT)

/* A list's halves walk the time line in opposite directions. $1 user, $2 limit + 1, $3 $4 the cursor; a parent's list: $5 $6 what it is
 * narrowed to. */
#define ASCENDING \
	" AND (b.starts_at, b.id) > ($3::timestamptz, $4::bigint) ORDER BY b.starts_at, b.id LIMIT $2"
#define DESCENDING \
	" AND (b.starts_at, b.id) < ($3::timestamptz, $4::bigint) ORDER BY b.starts_at DESC, b.id DESC LIMIT $2"
#define PARENT_SEES                                                                     \
	"WHERE b.parent_id = $1 AND (b.status <> 0 OR b.stripe_session_id IS NOT NULL)" \
	" AND (b.status <> 3 OR b.paid_at IS NOT NULL OR r.state IS NOT NULL)"          \
	" AND ($5::bool IS NULL OR (b.status = 3) = $5)"                                \
	" AND ($6::text IS NULL OR b.stripe_session_id = $6)"

/* What follows student_id changes nothing, but each half of it has an index. */
#define STUDENT_SEES "WHERE b.student_id = $1 AND (b.student_id <> b.parent_id OR b.parent_id = $1) AND "
#define IS_AHEAD     "b.status = 1 AND b.ends_at > now()"
#define IS_OVER                                                  \
	"(b.status = 2 OR (b.status = 1 AND b.ends_at <= now())" \
	" OR (b.status = 3 AND b.paid_at IS NOT NULL))"

static const struct pg_stmt find_stmt = {
	.name = "booking_view",
	.sql = VIEW_SELECT
	"WHERE b.id = $1 AND ($3 OR b.parent_id = $2 OR b.teacher_id = $2 OR b.student_id = $2)",
	.reads_only = true,
};

/* Per kind: its half ahead and its half behind; a NULL sql means that it has no such half. */
static const struct pg_stmt list_stmts[][2] = {
	[BOOKINGS_OF_PARENT] = {{"bookings_parent_ahead",
				 VIEW_SELECT PARENT_SEES " AND b.ends_at > now()" ASCENDING, true},
				{"bookings_parent_past",
				 VIEW_SELECT PARENT_SEES " AND b.ends_at <= now()" DESCENDING, true}},
	[BOOKINGS_TEACHER_UPCOMING] = {{"bookings_teacher_ahead",
					VIEW_SELECT "WHERE b.teacher_id = $1 AND " IS_AHEAD ASCENDING, true},
				       {NULL, NULL, true}},
	[BOOKINGS_TEACHER_HISTORY] = {{NULL, NULL, true},
				      {"bookings_teacher_past",
				       VIEW_SELECT "WHERE b.teacher_id = $1 AND " IS_OVER DESCENDING, true}},
	[BOOKINGS_STUDENT_UPCOMING] = {{"bookings_student_ahead", VIEW_SELECT STUDENT_SEES IS_AHEAD ASCENDING,
					true},
				       {NULL, NULL, true}},
	[BOOKINGS_STUDENT_HISTORY] = {{NULL, NULL, true},
				      {"bookings_student_past", VIEW_SELECT STUDENT_SEES IS_OVER DESCENDING,
				       true}},
};

/* $1 what was typed, of a name its words. A payment is found whether its booking keeps it or not. */
#define FOUND(ids) VIEW_SELECT "WHERE b.id IN (" ids ")" DESCENDING
#define OF_PEOPLE(who)                                                                                  \
	"SELECT x.id FROM bookings x JOIN users u ON u.id = x.parent_id WHERE " who                     \
	" UNION SELECT x.id FROM bookings x JOIN users u ON u.id = x.teacher_id WHERE " who             \
	" UNION SELECT x.id FROM bookings x JOIN users u ON u.id = x.student_id WHERE x.student_id <> " \
	"x.parent_id AND " who
/* Every word of $1 occurs in the name, both as the index users_folded_name has them: without regard to case and accents. The index is asked
 * for the first one. Folding can make a wildcard of a letter, or leave nothing. */
#define PATTERN(word) "'%' || regexp_replace(name_folded(" word "), '([\\\\%_])', '\\\\\\1', 'g') || '%'"
#define HAS_NAME                                                                                                                                  \
	"name_folded(u.display_name) LIKE " PATTERN("split_part($1, ' ', 1)") " AND name_folded(u.display_name) LIKE ALL (ARRAY(SELECT " PATTERN( \
		"w") " FROM unnest(string_to_array($1, ' ')) w)) AND name_folded(split_part($1, ' ', 1)) <> ''"
static const struct pg_stmt found_stmts[] = {
	[BOOKING_SEARCH_ID] = {"bookings_by_id", FOUND("$1::text::bigint"), true},
	[BOOKING_SEARCH_PAYMENT] = {"bookings_by_payment",
				    FOUND("SELECT booking_id FROM payments WHERE payment_intent = $1"), true},
	[BOOKING_SEARCH_CHECKOUT] = {"bookings_by_checkout",
				     FOUND("SELECT id FROM bookings WHERE stripe_session_id = $1"), true},
	[BOOKING_SEARCH_REFUND] = {"bookings_by_refund",
				   FOUND("SELECT p.booking_id FROM stripe_refunds s JOIN payments p"
					 " USING (payment_intent) WHERE s.id = $1"),
				   true},
	[BOOKING_SEARCH_EMAIL] = {"bookings_by_email", FOUND(OF_PEOPLE("lower(u.email) = lower($1)")), true},
	[BOOKING_SEARCH_NAME] = {"bookings_by_name", FOUND(OF_PEOPLE(HAS_NAME)), true},
};

/* NULL: this list has no such half. */
static const struct pg_stmt *stmt_of(const struct bookings_page *page, bool past)
{
	const struct pg_stmt *stmt;

	if (page->kind == BOOKINGS_FOUND)
		return past ? &found_stmts[page->search] : NULL;
	stmt = &list_stmts[page->kind][past];
	return stmt->sql ? stmt : NULL;
}

static const char *text_or_empty(const struct pg_results *results, int index, int row, int column,
				 struct arena *arena)
{
	const char *text = pg_text_dup(results, index, row, column, arena);

	return text ? text : "";
}

static enum err_kind read_view(const struct pg_results *results, int index, int row, struct arena *arena,
			       struct booking_view *ret_view, struct err *err)
{
	struct booking_view view = {0};

	if (booking_row_read(results, index, row, arena, &view.booking, err))
		return err->kind;
	view.parent_name = text_or_empty(results, index, row, COLUMN_NAMES, arena);
	view.student_name = text_or_empty(results, index, row, COLUMN_NAMES + 1, arena);
	view.teacher_name = text_or_empty(results, index, row, COLUMN_NAMES + 2, arena);
	view.meeting_url = pg_text_dup(results, index, row, COLUMN_URL, arena);
	view.beside = refund_beside_read(results, index, row, COLUMN_BESIDE, &view.by_hand_at);
	view.has_refund = !pg_is_null(results, index, row, COLUMN_REFUND);
	if (view.has_refund) {
		view.refund.captured.minor = pg_int(results, index, row, COLUMN_REFUND + 1);
		view.refund.failure_reason = pg_text_dup(results, index, row, COLUMN_REFUND + 3, arena);
		view.refund.is_settled = pg_bool(results, index, row, COLUMN_REFUND + 4);
		view.refund.sent_at = pg_instant(results, index, row, COLUMN_REFUND + 5);
		view.refund.updated_at = pg_instant(results, index, row, COLUMN_REFUND + 6);
		view.refund.settled_minor = pg_int(results, index, row, COLUMN_REFUND + 7);
		if (!refund_state_decode(pg_text(results, index, row, COLUMN_REFUND), &view.refund.state)
		    || !str_copy(view.refund.captured.currency, sizeof view.refund.captured.currency,
				 pg_text(results, index, row, COLUMN_REFUND + 2)))
			return err_set(err, ERR_REJECT, "bad_row", "the refund of booking %lld does not read",
				       (long long)view.booking.id);
	}
	*ret_view = view;
	return ERR_OK;
}

enum err_kind bookings_find_view(struct pg *db, int64_t id, const struct bookings_reader *reader,
				 struct arena *arena, struct bookings_found *ret_found, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct bookings_found found = {0};
	struct pg_args args = {0};

	pg_arg_int(&args, id);
	pg_arg_int(&args, reader->user_id);
	pg_arg_text(&args, reader->reads_all ? "t" : "f");
	if (pg_one(db, &find_stmt, &args, &results, err))
		return err->kind;
	found.found = pg_rows(&results, 0) > 0;
	if (found.found) {
		found.now = pg_instant(&results, 0, 0, COLUMN_NOW);
		if (read_view(&results, 0, 0, arena, &found.view, err))
			return err->kind;
	}
	*ret_found = found;
	return ERR_OK;
}

static enum err_kind queue_half(struct pg *db, const struct bookings_page *page, bool past, struct err *err)
{
	bool resumes = page->after.id && page->after.past == past;
	struct pg_args args = {0};

	if (page->kind == BOOKINGS_FOUND)
		pg_arg_text(&args, page->text);
	else
		pg_arg_int(&args, page->user_id);
	pg_arg_int(&args, page->limit + 1);
	if (resumes)
		pg_arg_instant(&args, page->after.starts_at);
	else
		pg_arg_text(&args, past ? "infinity" : "-infinity");
	pg_arg_int(&args, resumes ? page->after.id : 0);
	if (page->kind == BOOKINGS_OF_PARENT) {
		pg_arg_text(&args, page->cancelled);
		pg_arg_text(&args, page->stripe_session_id);
	}
	return pg_queue(db, stmt_of(page, past), &args, err);
}

/* Append what fits of one answer; the first row that does not fit says that there are more. */
static enum err_kind take_half(const struct pg_results *results, int index, const struct bookings_page *page,
			       struct arena *arena, struct booking_view *views, struct bookings_list *list,
			       struct err *err)
{
	for (int row = 0; row < pg_rows(results, index); row++) {
		if (list->count == page->limit) {
			list->more = true;
			return ERR_OK;
		}
		if (read_view(results, index, row, arena, &views[list->count], err))
			return err->kind;
		list->count++;
	}
	return ERR_OK;
}

enum err_kind bookings_list(struct pg *db, const struct bookings_page *page, struct arena *arena,
			    struct bookings_list *ret_list, struct err *err)
{
	static const struct pg_stmt now_stmt = {"bookings_now", "SELECT now()", true};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct booking_view *views = arena_alloc(arena, (size_t)page->limit * sizeof *views);
	struct bookings_list list = {0};
	bool halves[2] = {!page->past && !(page->after.id && page->after.past), !page->upcoming};
	int index = 1, past_from;

	if (!views)
		return err_set(err, ERR_RETRY, "no_memory", "a list does not fit its arena");
	if (pg_queue(db, &now_stmt, NULL, err))
		return err->kind;
	for (int past = 0; past < 2; past++) {
		halves[past] = halves[past] && stmt_of(page, past);
		if (halves[past] && queue_half(db, page, past, err))
			return err->kind;
	}
	if (pg_run(db, &results, err))
		return err->kind;
	list.now = pg_instant(&results, 0, 0, 0);
	if (halves[0] && take_half(&results, index++, page, arena, views, &list, err))
		return err->kind;
	past_from = list.count;
	if (halves[1] && !list.more && take_half(&results, index, page, arena, views, &list, err))
		return err->kind;
	list.views = views;
	if (list.more) {
		const struct booking *last = &views[list.count - 1].booking;

		list.next = (struct bookings_cursor){list.count > past_from, last->starts_at, last->id};
	}
	*ret_list = list;
	return ERR_OK;
}
