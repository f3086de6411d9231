#include "idempotency_keys.h"

static const struct pg_stmt find_stmt = {
	.name = "idempotency_find",
	.sql = "SELECT request_sha256 = $3, booking_id, status, body FROM idempotency_keys WHERE user_id = $1 AND key = $2",
	.reads_only = true,
};

/* A key that is another request's, or answered, must take the effect back with it: its hash becomes NULL, which the table refuses. */
static const struct pg_stmt write_stmt = {
	.name = "idempotency_write",
	.sql = "INSERT INTO idempotency_keys AS k (user_id, key, request_sha256, booking_id)"
	       " VALUES ($1, $2, $3, coalesce($4::bigint, currval(pg_get_serial_sequence('bookings', 'id'))))"
	       " ON CONFLICT (user_id, key) DO UPDATE SET booking_id = EXCLUDED.booking_id, request_sha256 ="
	       " CASE WHEN k.request_sha256 = EXCLUDED.request_sha256 AND k.status IS NULL THEN k.request_sha256 END",
};

static const struct pg_stmt record_stmt = {
	.name = "idempotency_record",
	.sql = "INSERT INTO idempotency_keys AS k (user_id, key, request_sha256, status, body)"
	       " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id, key) DO UPDATE"
	       " SET status = EXCLUDED.status, body = EXCLUDED.body"
	       " WHERE k.status IS NULL AND k.request_sha256 = EXCLUDED.request_sha256 AND $6",
};

static void add_key(struct pg_args *args, const struct idempotency_key *key)
{
	pg_arg_int(args, key->user_id);
	pg_arg_text(args, key->text);
	pg_arg_bytes(args, key->request_sha256, sizeof key->request_sha256);
}

enum err_kind idempotency_keys_find(struct pg *db, const struct idempotency_key *key, struct arena *arena,
				    struct idempotency_found *ret_found, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct idempotency_found found = {0};
	struct pg_args args = {0};

	add_key(&args, key);
	if (pg_one(db, &find_stmt, &args, &results, err))
		return err->kind;
	if (pg_rows(&results, 0) > 0) {
		found.memory = (struct idempotency_memory){.is_known = true,
							   .is_same_request = pg_bool(&results, 0, 0, 0),
							   .has_answer = !pg_is_null(&results, 0, 0, 2)};
		found.booking_id = pg_int(&results, 0, 0, 1);
		found.status = (int)pg_int(&results, 0, 0, 2);
		found.body = pg_text_dup(&results, 0, 0, 3, arena);
		if (found.memory.has_answer && !found.body)
			return err_set(err, ERR_RETRY, "no_memory", "an answer does not fit its arena");
	}
	*ret_found = found;
	return ERR_OK;
}

enum err_kind idempotency_keys_queue(struct pg *tx, struct idempotency_key *key, int64_t booking_id,
				     struct err *err)
{
	struct pg_args args = {0};

	add_key(&args, key);
	pg_arg_id(&args, booking_id);
	key->owns_row = true;
	return pg_queue(tx, &write_stmt, &args, err);
}

enum err_kind idempotency_keys_record(struct pg *db, const struct idempotency_key *key, int status,
				      const char *body, bool *ret_is_kept, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	add_key(&args, key);
	pg_arg_int(&args, status);
	pg_arg_text(&args, body);
	pg_arg_text(&args, key->owns_row ? "t" : "f");
	if (pg_one(db, &record_stmt, &args, &results, err))
		return err->kind;
	*ret_is_kept = pg_affected(&results, 0) == 1;
	return ERR_OK;
}
