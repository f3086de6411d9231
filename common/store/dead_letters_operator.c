#include "dead_letters_operator.h"

#define IS_OPEN "redriven_at IS NULL AND discarded_by IS NULL"
#define ID      "topic || '/' || partition || '/' || \"offset\""

static const struct pg_stmt list_stmt = {
	.name = "dead_letters_list",
	.sql = "SELECT " ID
	       ", encode(key, 'escape'), reason, first_seen_at, count(*) OVER () FROM dead_letters"
	       " WHERE " IS_OPEN " ORDER BY first_seen_at, topic, partition, \"offset\" LIMIT $1",
	.reads_only = true,
};

static const struct pg_stmt discard_stmt = {
	.name = "dead_letters_discard",
	.sql = "UPDATE dead_letters SET discarded_by = $2 WHERE " ID " = $1 AND " IS_OPEN,
};

/* The letter is closed only where its event is really there to be applied. */
static const struct pg_stmt redrive_stmt = {
	.name = "dead_letters_redrive",
	.sql = "WITH l AS (SELECT topic, partition, \"offset\", encode(key, 'escape') AS event FROM dead_letters"
	       " WHERE " ID " = $1 AND " IS_OPEN " FOR UPDATE"
	       "), e AS (UPDATE stripe_events s SET applied_at = NULL, last_error = NULL, failures = 0,"
	       " lease_token = NULL, lease_until = NULL, next_try_at = clock_timestamp()"
	       " FROM l WHERE l.partition = $2 AND s.id = l.event AND s.payload IS NOT NULL RETURNING s.id"
	       "), u AS (UPDATE dead_letters d SET redriven_at = clock_timestamp(), redriven_by = $3 FROM l JOIN e ON e.id = l.event"
	       " WHERE (d.topic, d.partition, d.\"offset\") = (l.topic, l.partition, l.\"offset\") RETURNING 1"
	       ") SELECT (SELECT count(*) FROM u), (SELECT count(*) FROM l)",
};

enum err_kind dead_letters_list(struct pg *db, struct arena *arena, struct dead_letters_list *ret_list,
				struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct dead_letters_list list = {0};
	struct pg_args args = {0};

	pg_arg_int(&args, DEAD_LETTERS_LIST_MAX);
	if (pg_one(db, &list_stmt, &args, &results, err))
		return err->kind;
	list.count = pg_rows(&results, 0);
	list.letters = arena_alloc(arena, (size_t)(list.count + 1) * sizeof *list.letters);
	if (!list.letters)
		return err_set(err, ERR_RETRY, "no_memory", "the dead letters do not fit their arena");
	for (int i = 0; i < list.count; i++) {
		list.letters[i] = (struct dead_letter_seen){
			.id = pg_text_dup(&results, 0, i, 0, arena),
			.key = pg_text_dup(&results, 0, i, 1, arena),
			.reason = pg_text_dup(&results, 0, i, 2, arena),
			.first_seen_at = pg_instant(&results, 0, i, 3),
		};
		list.open = pg_int(&results, 0, i, 4);
	}
	*ret_list = list;
	return ERR_OK;
}

enum err_kind dead_letters_discard(struct pg *db, const char *id, const char *actor,
				   enum dead_letter_end *ret_end, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_text(&args, id);
	pg_arg_text(&args, actor);
	if (pg_one(db, &discard_stmt, &args, &results, err))
		return err->kind;
	*ret_end = pg_affected(&results, 0) > 0 ? DEAD_LETTER_ENDED : DEAD_LETTER_NOT_OPEN;
	return ERR_OK;
}

enum err_kind dead_letters_redrive(struct pg *db, const char *id, const char *actor,
				   enum dead_letter_end *ret_end, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_text(&args, id);
	pg_arg_int(&args, DEAD_LETTER_STRIPE);
	pg_arg_text(&args, actor);
	if (pg_one(db, &redrive_stmt, &args, &results, err))
		return err->kind;
	*ret_end = pg_int(&results, 0, 0, 0) > 0   ? DEAD_LETTER_ENDED
		   : pg_int(&results, 0, 0, 1) > 0 ? DEAD_LETTER_NO_EVENT
						   : DEAD_LETTER_NOT_OPEN;
	return ERR_OK;
}
