#include "dead_letters.h"

static const struct pg_stmt insert = {
	"dead_letters_insert",
	"INSERT INTO dead_letters (topic, partition, \"offset\", key, headers, bytes, reason)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
	false};
static const struct pg_stmt insert_stripe = {
	"dead_letters_insert_stripe",
	"INSERT INTO dead_letters (topic, partition, \"offset\", key, reason)"
	" VALUES ('stripe.events', $1, hashtextextended($2, 0), convert_to($2, 'UTF8'), $3)"
	" ON CONFLICT (topic, partition, \"offset\") DO UPDATE SET redriven_at = NULL, reason = excluded.reason"
	" WHERE dead_letters.redriven_at IS NOT NULL",
	false};
static const struct pg_stmt count_open = {
	"dead_letters_count_open",
	"SELECT count(*) FROM dead_letters WHERE redriven_at IS NULL AND discarded_by IS NULL", true};

static void arg_bytes_or_null(struct pg_args *args, const void *bytes, size_t len)
{
	if (bytes)
		pg_arg_bytes(args, bytes, len);
	else
		pg_arg_text(args, NULL);
}

enum err_kind dead_letters_queue(struct pg *tx, const struct dead_letter *letter, struct err *err)
{
	struct pg_args args = {0};

	pg_arg_text(&args, letter->topic);
	pg_arg_int(&args, letter->partition);
	pg_arg_int(&args, letter->offset);
	arg_bytes_or_null(&args, letter->key, letter->key_len);
	pg_arg_text(&args, letter->headers);
	arg_bytes_or_null(&args, letter->bytes, letter->bytes_len);
	pg_arg_text(&args, letter->reason);
	return pg_queue(tx, &insert, &args, err);
}

enum err_kind dead_letters_record_stripe(struct pg *db, const char *id, const char *reason, bool *ret_is_new,
					 struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_int(&args, DEAD_LETTER_STRIPE);
	pg_arg_text(&args, id);
	pg_arg_text(&args, reason);
	if (pg_one(db, &insert_stripe, &args, &results, err))
		return err->kind;
	*ret_is_new = pg_affected(&results, 0) > 0;
	return ERR_OK;
}

enum err_kind dead_letters_count_open(struct pg *db, int64_t *ret_count, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	enum err_kind kind = pg_one(db, &count_open, NULL, &results, err);

	if (!kind)
		*ret_count = pg_int(&results, 0, 0, 0);
	return kind;
}
