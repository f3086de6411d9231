/* reconcile_rows.c: Stripe's side into temporary tables, and the tables' side beside it. */
#include "reconcile_rows.h"

#include <inttypes.h>

#include "str.h"

#define PAGE_BYTES_MAX (512 * 1024)
#define SCRIPT_MS      10000

static const char tables[] =
	"CREATE TEMPORARY TABLE their_payments (id text PRIMARY KEY, booking_id bigint, instance_id text NOT NULL,"
	" is_captured boolean NOT NULL, amount_minor bigint NOT NULL, currency text NOT NULL, created timestamptz NOT NULL);"
	"CREATE TEMPORARY TABLE their_refunds (id text PRIMARY KEY, payment text NOT NULL, refund_id uuid,"
	" status text NOT NULL, amount_minor bigint NOT NULL, currency text NOT NULL, created timestamptz NOT NULL);"
	"CREATE INDEX ON their_refunds (payment);"
	"CREATE TEMPORARY TABLE payment_pairs (n bigint PRIMARY KEY, id text NOT NULL, day date NOT NULL,"
	" is_marked boolean NOT NULL, is_captured boolean, their_booking bigint, their_minor bigint, their_currency text,"
	" our_booking bigint, our_minor bigint, our_currency text);"
	"CREATE TEMPORARY TABLE refund_pairs (n bigint PRIMARY KEY, id text NOT NULL, day date NOT NULL, booking_id bigint,"
	" is_of_ours boolean NOT NULL, their_payment text, their_minor bigint, their_currency text, their_status text,"
	" our_payment text, our_minor bigint, our_currency text, our_status text);";

static const struct pg_stmt window_stmt = {
	.name = "reconcile_window",
	.sql = "SELECT date_trunc('second', statement_timestamp() - $1 * interval '1 second') + interval '1 second',"
	       " date_trunc('day', statement_timestamp() AT TIME ZONE 'UTC' - interval '7 days') AT TIME ZONE 'UTC'",
	.reads_only = true,
};

static const struct pg_stmt add_payments_stmt = {
	.name = "reconcile_add_payments",
	.sql = "INSERT INTO their_payments SELECT id, nullif(booking, 0), instance, captured, minor, currency,"
	       " to_timestamp(created) FROM json_to_recordset($1::json) AS x(id text, booking bigint, instance text,"
	       " captured boolean, minor bigint, currency text, created bigint) ON CONFLICT (id) DO NOTHING",
};

/* Somebody else's metadata may hold anything in the place of our refund's id. */
static const struct pg_stmt add_refunds_stmt = {
	.name = "reconcile_add_refunds",
	.sql = "INSERT INTO their_refunds SELECT id, payment,"
	       " CASE WHEN refund ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN refund::uuid END, status, minor,"
	       " currency, to_timestamp(created) FROM json_to_recordset($1::json) AS x(id text, payment text, refund text,"
	       " status text, minor bigint, currency text, created bigint) ON CONFLICT (id) DO NOTHING",
};

/* $1, $2: the window; $3: this database. Rows that Stripe was seen to have count whatever their time. Days are UTC's (pg.h). */
static const struct pg_stmt pair_payments_stmt = {
	.name = "reconcile_pair_payments",
	.sql = "INSERT INTO payment_pairs SELECT row_number() OVER (ORDER BY coalesce(s.created, p.captured_at),"
	       " coalesce(s.id, p.payment_intent)), coalesce(s.id, p.payment_intent),"
	       " coalesce(s.created, p.captured_at)::date, s.instance_id IS NOT DISTINCT FROM $3::text, s.is_captured,"
	       " s.booking_id, s.amount_minor, s.currency, p.booking_id, p.amount_minor, p.currency"
	       " FROM their_payments s FULL JOIN ("
	       "SELECT * FROM payments WHERE captured_at >= $1 AND captured_at < $2 AND payment_intent LIKE 'pi\\_%'"
	       " UNION SELECT o.* FROM payments o JOIN their_payments t ON t.id = o.payment_intent"
	       ") p ON p.payment_intent = s.id",
};

static const struct pg_stmt pair_refunds_stmt = {
	.name = "reconcile_pair_refunds",
	.sql = "INSERT INTO refund_pairs SELECT row_number() OVER (ORDER BY coalesce(s.created, r.updated_at),"
	       " coalesce(s.id, r.id)), coalesce(s.id, r.id), coalesce(s.created, r.updated_at)::date,"
	       " coalesce(p.booking_id, f.booking_id, t.booking_id),"
	       " coalesce(p.payment_intent, f.payment_intent, t.id) IS NOT NULL,"
	       " s.payment, s.amount_minor, s.currency, s.status, r.payment_intent, r.amount_minor, r.currency, r.status"
	       " FROM their_refunds s FULL JOIN ("
	       "SELECT * FROM stripe_refunds WHERE updated_at >= $1 AND updated_at < $2"
	       " UNION SELECT o.* FROM stripe_refunds o JOIN their_refunds t ON t.id = o.id"
	       ") r ON r.id = s.id"
	       " LEFT JOIN payments p ON p.payment_intent = coalesce(r.payment_intent, s.payment)"
	       " LEFT JOIN refunds f ON f.id = s.refund_id"
	       " LEFT JOIN their_payments t ON t.id = s.payment AND t.instance_id = $3::text",
};

enum err_kind reconcile_rows_window(struct pg *db, struct instant from, int64_t grace_s,
				    struct reconcile_window *ret_window, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_int(&args, grace_s);
	if (pg_one(db, &window_stmt, &args, &results, err))
		return err->kind;
	ret_window->until = pg_instant(&results, 0, 0, 0);
	ret_window->from = instant_is_none(from) ? pg_instant(&results, 0, 0, 1) : from;
	return ERR_OK;
}

enum err_kind reconcile_rows_begin(struct pg *db, struct err *err)
{
	return pg_script(db, tables, SCRIPT_MS, err);
}

/* The page as one JSON text. Takes the buffer's content. */
static enum err_kind add(struct pg *db, const struct pg_stmt *stmt, struct buf *json, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};
	enum err_kind kind;

	buf_add(json, "]");
	pg_arg_text(&args, json->data);
	kind = json->failed ? err_set(err, ERR_RETRY, "no_memory", "a page does not fit")
			    : pg_one(db, stmt, &args, &results, err);
	buf_release(json);
	return kind;
}

enum err_kind reconcile_rows_add_payments(struct pg *db, const struct stripe_payment *payments, size_t count,
					  struct err *err)
{
	struct buf json;

	buf_init(&json, PAGE_BYTES_MAX);
	buf_add(&json, "[");
	for (size_t i = 0; i < count; i++) {
		const struct stripe_payment *payment = &payments[i];

		buf_addf(&json, "%s{\"id\":\"", i ? "," : "");
		buf_add_json(&json, payment->id);
		buf_addf(&json, "\",\"booking\":%" PRId64 ",\"instance\":\"", payment->booking_id);
		buf_add_json(&json, payment->instance_id);
		buf_addf(&json,
			 "\",\"captured\":%s,\"minor\":%" PRId64 ",\"currency\":\"%s\",\"created\":%" PRId64
			 "}",
			 payment->is_captured ? "true" : "false", payment->received.minor,
			 payment->received.currency, payment->created_at.us / 1000000);
	}
	return add(db, &add_payments_stmt, &json, err);
}

enum err_kind reconcile_rows_add_refunds(struct pg *db, const struct stripe_refund *refunds, size_t count,
					 struct err *err)
{
	struct buf json;

	buf_init(&json, PAGE_BYTES_MAX);
	buf_add(&json, "[");
	for (size_t i = 0; i < count; i++) {
		const struct stripe_refund *refund = &refunds[i];

		buf_addf(&json, "%s{\"id\":\"", i ? "," : "");
		buf_add_json(&json, refund->id);
		buf_add(&json, "\",\"payment\":\"");
		buf_add_json(&json, refund->payment_intent);
		buf_add(&json, "\",\"refund\":\"");
		buf_add_json(&json, refund->refund_id);
		buf_addf(&json,
			 "\",\"status\":\"%s\",\"minor\":%" PRId64 ",\"currency\":\"%s\",\"created\":%" PRId64
			 "}",
			 stripe_refund_status_name(refund->status), refund->amount.minor,
			 refund->amount.currency, refund->created_at.us / 1000000);
	}
	return add(db, &add_refunds_stmt, &json, err);
}

enum err_kind reconcile_rows_pair(struct pg *db, const struct reconcile_window *window, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_instant(&args, window->from);
	pg_arg_instant(&args, window->until);
	pg_arg_text(&args, window->instance_id);
	if (pg_queue(db, &pair_payments_stmt, &args, err) || pg_queue(db, &pair_refunds_stmt, &args, err))
		return err->kind;
	return pg_run(db, &results, err);
}
