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

static enum err_kind read_row(const struct pg_results *results, int index, bool is_live,
			      char ret_id[INSTANCE_ID_BYTES], struct err *err)
{
	if (pg_rows(results, index) != 1
	    || !str_copy(ret_id, INSTANCE_ID_BYTES, pg_text(results, index, 0, 1)))
		return err_set(err, ERR_FATAL, "no_instance", "table instance has no row");
	if (!pg_is_null(results, index, 0, 0) && pg_bool(results, index, 0, 0) != is_live)
		return err_set(err, ERR_FATAL, "wrong_mode",
			       "the key is of Stripe's %s mode, this database is not",
			       is_live ? "live" : "test");
	return ERR_OK;
}

enum err_kind instance_claim_mode(struct pg *db, bool is_live, char ret_id[INSTANCE_ID_BYTES],
				  struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_text(&args, is_live ? "t" : "f");
	if (pg_queue(db, &claim_stmt, &args, err) || pg_queue(db, &read_stmt, NULL, err)
	    || pg_run(db, &results, err))
		return err->kind;
	return read_row(&results, 1, is_live, ret_id, err);
}

enum err_kind instance_check_mode(struct pg *db, bool is_live, char ret_id[INSTANCE_ID_BYTES],
				  struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;

	if (pg_one(db, &read_stmt, NULL, &results, err))
		return err->kind;
	return read_row(&results, 0, is_live, ret_id, err);
}
