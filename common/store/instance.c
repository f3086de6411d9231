#include "instance.h"

#include "str.h"

static const struct pg_stmt claim_stmt = {
	.name = "instance_claim_mode",
	.sql = "UPDATE instance SET livemode = $1::boolean WHERE livemode IS NULL",
};

static const struct pg_stmt read_stmt = {
	.name = "instance_mode",
	.sql = "SELECT livemode, id FROM instance",
	.reads_only = true,
};

enum err_kind instance_claim_mode(struct pg *db, bool is_live, char ret_id[INSTANCE_ID_BYTES],
				  struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	const char *key_mode = is_live ? "live" : "test";
	struct pg_args args = {0};
	enum err_kind kind;

	pg_arg_text(&args, is_live ? "t" : "f");
	kind = pg_queue(db, &claim_stmt, &args, err);
	if (!kind)
		kind = pg_queue(db, &read_stmt, NULL, err);
	if (!kind)
		kind = pg_run(db, &results, err);
	if (kind)
		return kind;
	if (pg_rows(&results, 1) != 1 || !str_copy(ret_id, INSTANCE_ID_BYTES, pg_text(&results, 1, 0, 1)))
		return err_set(err, ERR_FATAL, "no_instance", "table instance has no row");
	if (pg_bool(&results, 1, 0, 0) != is_live)
		return err_set(err, ERR_FATAL, "wrong_mode",
			       "the key is of Stripe's %s mode, this database is not", key_mode);
	return ERR_OK;
}
