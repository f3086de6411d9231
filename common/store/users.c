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

static const struct pg_stmt students_stmt = {
	.name = "users_students",
	.sql = "SELECT id, display_name FROM users WHERE guardian_id = $1"
	       " ORDER BY display_name COLLATE \"und-x-icu\", id LIMIT 1000",
	.reads_only = true,
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

enum err_kind users_list_students(struct pg *db, int64_t guardian_id, struct arena *arena,
				  struct users_students *ret_students, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};
	struct users_student *items;
	int count;

	pg_arg_int(&args, guardian_id);
	if (pg_one(db, &students_stmt, &args, &results, err))
		return err->kind;
	count = pg_rows(&results, 0);
	items = arena_alloc(arena, ((size_t)count + 1) * sizeof *items);
	for (int i = 0; items && i < count; i++) {
		items[i].id = pg_int(&results, 0, i, 0);
		items[i].name = pg_text_dup(&results, 0, i, 1, arena);
		if (!items[i].name)
			items = NULL;
	}
	if (!items)
		return err_set(err, ERR_RETRY, "no_memory", "the students do not fit their arena");
	*ret_students = (struct users_students){count, items};
	return ERR_OK;
}
