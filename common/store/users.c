#include "users.h"

#define TRIES 3 /* twins that insert the same subject see each other's row at the second look */

static const struct pg_stmt get_stmt = {
	.name = "users_get_id",
	.sql = "WITH known AS (SELECT id FROM users WHERE subject = $1),"
	       " made AS (INSERT INTO users (subject, email, display_name, time_zone, locale)"
	       " SELECT $1, nullif($2, ''), coalesce($3, ''), coalesce($4, 'UTC'), coalesce($5, 'en')"
	       " WHERE NOT EXISTS (SELECT 1 FROM known) ON CONFLICT (subject) DO NOTHING RETURNING id),"
	       " filled AS (UPDATE users SET email = coalesce(nullif(email, ''), nullif($2, '')),"
	       " display_name = coalesce(nullif(display_name, ''), $3, '') WHERE subject = $1"
	       " AND (coalesce(email, '') = '' AND $2 <> '' OR display_name = '' AND $3 <> ''))"
	       " SELECT id FROM known UNION ALL SELECT id FROM made",
	.reads_only = true, /* in effect: repeating it is harmless */
};

enum err_kind users_get_id(struct pg *db, const struct user_claims *claims, int64_t *ret_id, struct err *err)
{
	struct pg_args args = {0};

	pg_arg_text(&args, claims->subject);
	pg_arg_text(&args, claims->email);
	pg_arg_text(&args, claims->name);
	pg_arg_text(&args, claims->zone);
	pg_arg_text(&args, claims->locale);
	for (int i = 0; i < TRIES; i++) {
		PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;

		if (pg_one(db, &get_stmt, &args, &results, err))
			return err->kind;
		if (pg_rows(&results, 0) > 0) {
			*ret_id = pg_int(&results, 0, 0, 0);
			return ERR_OK;
		}
	}
	return err_set(err, ERR_RETRY, "pg_conflict", "a user is being created by somebody else");
}
