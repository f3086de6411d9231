/* imports_stage.c: lines into temporary tables, a few hundred at a time, as JSON that PostgreSQL takes apart */
#include <inttypes.h>

#include "imports_private.h"
#include "rfc3339.h"

#define BATCH_LINES 500
#define BATCH_BYTES_MAX \
	(64u << 20) /* of one buf: BATCH_LINES of the longest lines, every byte of them escaped */
#define BATCH_BYTES (256u << 10)

#define USER_COLUMNS                                                                                         \
	"line bigint, bad boolean, about text, subject text, email text, name text, zone text, locale text," \
	" guardian text"
#define OFFER_COLUMNS                                                                                   \
	"line bigint, bad boolean, about text, id bigint, teacher text, title text, duration_s bigint," \
	" amount_minor bigint, currency text, cancel_notice_s bigint, min_notice_s bigint, active boolean"
#define BOOKING_COLUMNS_STAGED                                                                               \
	"line bigint, about text, id bigint, parent text, student text, teacher text, offer_id bigint,"      \
	" title text, starts_at timestamptz, ends_at timestamptz, status smallint, amount_minor bigint,"     \
	" currency text, cancel_notice_s bigint, notes text, stripe_session_id text, checkout_url text,"     \
	" hold_expires_at timestamptz, created_at timestamptz, cancelled_at timestamptz, cancel_cause text," \
	" cancelled_by text, cancellation_reason text, meeting_url text, payment_intent text,"               \
	" paid_at timestamptz, known_by text"
#define PAYMENT_COLUMNS                                                                             \
	"line bigint, payment_intent text, charge_id text, amount_minor bigint, currency text,"     \
	" captured_at timestamptz, refund_id text, refund_reference text, refunded_at timestamptz," \
	" stripe_session_id text"
#define FAULT_COLUMNS "line bigint, about text, code text, message text"

#define CREATE(table, columns)                                                                \
	{                                                                                     \
		.name = "import_create_" table,                                               \
		.sql = "CREATE TEMPORARY TABLE import_" table " (" columns ") ON COMMIT DROP" \
	}
#define STAGE(table, columns)                                                          \
	{                                                                              \
		.name = "import_stage_" table,                                         \
		.sql = "INSERT INTO import_" table                                     \
		       " SELECT * FROM json_to_recordset($1::json) AS r (" columns ")" \
	}

static const struct pg_stmt memory_stmt = {.name = "import_memory", .sql = "SET LOCAL work_mem = '64MB'"};
static const struct pg_stmt patience_stmt = {.name = "import_patience",
					     .sql = "SET LOCAL lock_timeout = '60s'"};
static const struct pg_stmt clock_stmt = {.name = "import_clock",
					  .sql = "SELECT clock_timestamp()",
					  .reads_only = true};
static const struct pg_stmt create_stmts[] = {
	CREATE("users", USER_COLUMNS),
	CREATE("offers", OFFER_COLUMNS),
	CREATE("bookings", BOOKING_COLUMNS_STAGED),
	CREATE("payments", PAYMENT_COLUMNS),
	CREATE("faults", "number bigint GENERATED ALWAYS AS IDENTITY, " FAULT_COLUMNS),
};
static const struct pg_stmt stage_stmts[IMPORTS_TABLES] = {
	[IMPORTS_USERS] = STAGE("users", USER_COLUMNS),
	[IMPORTS_OFFERS] = STAGE("offers", OFFER_COLUMNS),
	[IMPORTS_BOOKINGS] = STAGE("bookings", BOOKING_COLUMNS_STAGED),
	[IMPORTS_PAYMENTS] = STAGE("payments", PAYMENT_COLUMNS),
	[IMPORTS_FAULTS] = {.name = "import_stage_faults",
			    .sql = "INSERT INTO import_faults (line, about, code, message) SELECT * FROM"
				   " json_to_recordset($1::json) AS r (" FAULT_COLUMNS ")"},
};

enum err_kind imports_begin(struct pg *db, const char *actor, struct imports *ret_imports, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	const int clock_place = 3;

	*ret_imports = (struct imports){.tx = db, .actor = actor};
	for (int table = 0; table < IMPORTS_TABLES; table++)
		buf_init(&ret_imports->rows[table], BATCH_BYTES_MAX);
	if (pg_queue_begin(db, err) || pg_queue(db, &memory_stmt, NULL, err)
	    || pg_queue(db, &patience_stmt, NULL, err) || pg_queue(db, &clock_stmt, NULL, err))
		return err->kind;
	for (size_t i = 0; i < sizeof(create_stmts) / sizeof(create_stmts[0]); i++) {
		if (pg_queue(db, &create_stmts[i], NULL, err))
			return err->kind;
	}
	if (pg_run(db, &results, err))
		return err->kind;
	ret_imports->now = pg_instant(&results, clock_place, 0, 0);
	return ERR_OK;
}

void imports_release(struct imports *imports)
{
	if (imports->tx)
		pg_rollback(imports->tx);
	for (int table = 0; table < IMPORTS_TABLES; table++)
		buf_release(&imports->rows[table]);
	imports->tx = NULL;
}

/* What a member may be; NULL, 0 and INSTANT_NONE leave it out, so that it becomes SQL NULL. */
static void add_text(struct buf *row, const char *name, const char *text)
{
	if (!text)
		return;
	buf_addf(row, ",\"%s\":\"", name);
	buf_add_json(row, text);
	buf_add(row, "\"");
}

static void add_int(struct buf *row, const char *name, int64_t value)
{
	buf_addf(row, ",\"%s\":%" PRId64, name, value);
}

static void add_id(struct buf *row, const char *name, int64_t id)
{
	if (id)
		add_int(row, name, id);
}

static void add_instant(struct buf *row, const char *name, struct instant at)
{
	char text[RFC3339_BYTES];

	if (instant_is_none(at))
		return;
	rfc3339_encode(at, text);
	add_text(row, name, text);
}

static void open_row(struct buf *rows, int64_t line)
{
	buf_addf(rows, "%s{\"line\":%" PRId64, rows->len ? "," : "[", line);
}

static void open_about(struct buf *rows, int64_t line, enum import_kind kind, int64_t id, const char *name)
{
	char about[IMPORT_ABOUT_BYTES];

	import_about(kind, id, name, about);
	open_row(rows, line);
	add_text(rows, "about", about);
}

static void add_bool(struct buf *row, const char *name, bool value)
{
	buf_addf(row, ",\"%s\":%s", name, value ? "true" : "false");
}

static enum err_kind queue_rows(struct pg *tx, const struct pg_stmt *stmt, struct buf *rows, struct err *err)
{
	struct pg_args args = {0};

	if (!rows->len && !rows->failed)
		return ERR_OK;
	buf_add(rows, "]");
	if (rows->failed)
		return err_set(err, ERR_RETRY, "no_memory", "a batch of lines does not fit");
	pg_arg_text(&args, rows->data);
	return pg_queue(tx, stmt, &args, err);
}

enum err_kind imports_flush(struct imports *imports, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *tx = imports->tx;

	for (int table = 0; table < IMPORTS_TABLES; table++) {
		if (queue_rows(tx, &stage_stmts[table], &imports->rows[table], err))
			return err->kind;
	}
	if (pg_run(tx, &results, err))
		return err->kind;
	for (int table = 0; table < IMPORTS_TABLES; table++)
		buf_reset(&imports->rows[table]);
	imports->staged = 0;
	return ERR_OK;
}

static enum err_kind staged(struct imports *imports, int64_t line, struct err *err)
{
	size_t bytes = 0;

	for (int table = 0; table < IMPORTS_TABLES; table++)
		bytes += imports->rows[table].len;
	imports->last_line = line;
	if (++imports->staged < BATCH_LINES && bytes < BATCH_BYTES)
		return ERR_OK;
	return imports_flush(imports, err);
}

static void open_user(struct buf *rows, int64_t line, const char *subject, bool is_bad)
{
	open_about(rows, line, IMPORT_USER, 0, subject);
	add_bool(rows, "bad", is_bad);
	add_text(rows, "subject", subject);
}

static void open_offer(struct buf *rows, int64_t line, int64_t id, bool is_bad)
{
	open_about(rows, line, IMPORT_OFFER, id, NULL);
	add_bool(rows, "bad", is_bad);
	add_int(rows, "id", id);
}

enum err_kind imports_add_user(struct imports *imports, int64_t line, const struct import_user *user,
			       struct err *err)
{
	struct buf *rows = &imports->rows[IMPORTS_USERS];

	open_user(rows, line, user->subject, false);
	add_text(rows, "email", user->email);
	add_text(rows, "name", user->name);
	add_text(rows, "zone", user->zone);
	add_text(rows, "locale", user->locale);
	add_text(rows, "guardian", user->guardian);
	buf_add(rows, "}");
	return staged(imports, line, err);
}

enum err_kind imports_add_offer(struct imports *imports, int64_t line, const struct import_offer *offer,
				struct err *err)
{
	struct buf *rows = &imports->rows[IMPORTS_OFFERS];

	open_offer(rows, line, offer->id, false);
	add_text(rows, "teacher", offer->teacher);
	add_text(rows, "title", offer->title);
	add_int(rows, "duration_s", offer->duration_s);
	add_int(rows, "amount_minor", offer->price.minor);
	add_text(rows, "currency", offer->price.currency);
	add_int(rows, "cancel_notice_s", offer->cancel_notice_s);
	add_int(rows, "min_notice_s", offer->min_notice_s);
	add_bool(rows, "active", offer->active);
	buf_add(rows, "}");
	return staged(imports, line, err);
}

static void add_payment(struct buf *rows, int64_t line, const struct import_booking *booking,
			const struct import_payment *payment)
{
	open_row(rows, line);
	add_text(rows, "payment_intent", payment->payment_intent);
	add_text(rows, "charge_id", payment->charge_id);
	add_int(rows, "amount_minor", payment->amount.minor);
	add_text(rows, "currency", payment->amount.currency);
	add_instant(rows, "captured_at", payment->captured_at);
	add_text(rows, "refund_id", payment->refund_id);
	add_text(rows, "refund_reference", payment->refund_reference);
	add_instant(rows, "refunded_at", payment->refunded_at);
	if (payment == import_booking_payment(booking))
		add_text(rows, "stripe_session_id", booking->stripe_session_id);
	buf_add(rows, "}");
}

/* Whose it is, what it is, and when it was. */
static void add_sale(struct buf *rows, const struct import_booking *booking)
{
	int64_t end_us = booking->starts_at.us + booking->duration_s * 1000000;

	add_id(rows, "id", booking->id);
	add_text(rows, "parent", booking->parent);
	add_text(rows, "student", booking->student);
	add_text(rows, "teacher", booking->teacher);
	add_id(rows, "offer_id", booking->offer_id);
	add_text(rows, "title", booking->title);
	add_instant(rows, "starts_at", booking->starts_at);
	add_instant(rows, "ends_at", (struct instant){end_us});
	add_int(rows, "amount_minor", booking->price.minor);
	add_text(rows, "currency", booking->price.currency);
	add_int(rows, "cancel_notice_s", booking->cancel_notice_s);
	add_text(rows, "notes", booking->notes);
	add_instant(rows, "created_at", booking->created_at);
}

/* What became of it. */
static void add_fate(struct buf *rows, const struct import_booking *booking)
{
	const struct import_payment *payment = import_booking_payment(booking);

	buf_addf(rows, ",\"status\":%s", booking->status);
	add_text(rows, "stripe_session_id", booking->stripe_session_id);
	add_text(rows, "checkout_url", booking->checkout_url);
	add_instant(rows, "hold_expires_at", import_booking_hold_end(booking));
	add_instant(rows, "cancelled_at", booking->cancelled_at);
	add_text(rows, "cancel_cause", cancel_cause_name(booking->cancel_cause));
	add_text(rows, "cancelled_by", booking->cancelled_by);
	add_text(rows, "cancellation_reason", booking->cancellation_reason);
	add_text(rows, "meeting_url", booking->meeting_url);
	add_text(rows, "payment_intent", payment ? payment->payment_intent : NULL);
	add_instant(rows, "paid_at", payment ? payment->captured_at : INSTANT_NONE);
	if (booking->payment_count)
		add_text(rows, "known_by", booking->payments[0].payment_intent);
}

enum err_kind imports_add_booking(struct imports *imports, int64_t line, const struct import_booking *booking,
				  struct err *err)
{
	const char *name = booking->stripe_session_id;
	struct buf *rows = &imports->rows[IMPORTS_BOOKINGS];

	if (!name && booking->payment_count)
		name = booking->payments[0].payment_intent;
	open_about(rows, line, IMPORT_BOOKING, booking->id, name);
	add_sale(rows, booking);
	add_fate(rows, booking);
	buf_add(rows, "}");
	for (int i = 0; i < booking->payment_count; i++)
		add_payment(&imports->rows[IMPORTS_PAYMENTS], line, booking, &booking->payments[i]);
	return staged(imports, line, err);
}

enum err_kind imports_refuse(struct imports *imports, const struct imports_refusal *refusal, struct err *err)
{
	struct buf *rows = &imports->rows[IMPORTS_FAULTS];
	struct buf *users = &imports->rows[IMPORTS_USERS];
	struct buf *offers = &imports->rows[IMPORTS_OFFERS];

	imports->faults++;
	open_about(rows, refusal->line, refusal->kind, refusal->id, refusal->subject);
	add_text(rows, "code", refusal->why->code);
	add_text(rows, "message", refusal->why->msg);
	buf_add(rows, "}");
	if (refusal->kind == IMPORT_USER && refusal->subject) {
		open_user(users, refusal->line, refusal->subject, true);
		buf_add(users, "}");
	}
	if (refusal->kind == IMPORT_OFFER && refusal->id) {
		open_offer(offers, refusal->line, refusal->id, true);
		buf_add(offers, "}");
	}
	return staged(imports, refusal->line, err);
}
