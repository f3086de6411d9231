#include "retention.h"

#include <inttypes.h>
#include <stdio.h>

#define PAYLOADS_DUE                                     \
	"payload IS NOT NULL AND applied_at IS NOT NULL" \
	" AND received_at < statement_timestamp() - interval '90 days'"
#define KEYS_DUE "created_at < statement_timestamp() - interval '30 days'"
#define LETTERS_DUE                                             \
	"(redriven_at IS NOT NULL OR discarded_by IS NOT NULL)" \
	" AND coalesce(redriven_at, first_seen_at) < statement_timestamp() - interval '90 days'"

/* A range of the table's blocks: each is read once, in whatever order the rows were made, and no index is needed. */
#define IN_BLOCKS " AND ctid >= $1::tid AND ctid < $2::tid"

struct rule {
	struct retention_words words;
	struct pg_stmt count, blocks, apply;
};

#define RULE(rule_table, rule_things, rule_age, due, change)                                               \
	{                                                                                                  \
		.words = {rule_table, rule_things, rule_age},                                              \
		.count = {"retention_count_" rule_table, "SELECT count(*) FROM " rule_table " WHERE " due, \
			  true},                                                                           \
		.blocks = {"retention_blocks_" rule_table,                                                 \
			   "SELECT pg_relation_size('" rule_table                                          \
			   "') / current_setting('block_size')::bigint",                                   \
			   true},                                                                          \
		.apply = {"retention_apply_" rule_table, change " WHERE " due IN_BLOCKS, false},           \
	}

static const struct rule rules[RETENTION_RULE_COUNT] = {
	[RETENTION_PAYLOADS] = RULE("stripe_events", "payloads", "90 days", PAYLOADS_DUE,
				    "UPDATE stripe_events SET payload = NULL"),
	[RETENTION_KEYS] =
		RULE("idempotency_keys", "rows", "30 days", KEYS_DUE, "DELETE FROM idempotency_keys"),
	[RETENTION_LETTERS] =
		RULE("dead_letters", "rows", "90 days", LETTERS_DUE, "DELETE FROM dead_letters"),
};

struct retention_words retention_words(enum retention_rule rule)
{
	return rules[rule].words;
}

static enum err_kind read_number(struct pg *db, const struct pg_stmt *stmt, int64_t *ret_number,
				 struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;

	if (pg_one(db, stmt, NULL, &results, err))
		return err->kind;
	*ret_number = pg_int(&results, 0, 0, 0);
	return ERR_OK;
}

enum err_kind retention_count(struct pg *db, enum retention_rule rule, int64_t *ret_count, struct err *err)
{
	return read_number(db, &rules[rule].count, ret_count, err);
}

enum err_kind retention_blocks(struct pg *db, enum retention_rule rule, int64_t *ret_blocks, struct err *err)
{
	return read_number(db, &rules[rule].blocks, ret_blocks, err);
}

enum err_kind retention_apply(struct pg *db, enum retention_rule rule, int64_t from_block, int64_t *ret_count,
			      struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	char from[32], to[32];
	struct pg_args args = {0};

	(void)snprintf(from, sizeof from, "(%" PRId64 ",0)", from_block);
	(void)snprintf(to, sizeof to, "(%" PRId64 ",0)", from_block + RETENTION_BATCH_BLOCKS);
	pg_arg_text(&args, from);
	pg_arg_text(&args, to);
	if (pg_one(db, &rules[rule].apply, &args, &results, err))
		return err->kind;
	*ret_count = pg_affected(&results, 0);
	return ERR_OK;
}
