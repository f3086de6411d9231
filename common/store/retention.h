/* retention.h: what is not kept for ever. Rows of the flow never are among it (design.md rule 10): only bytes and answers that nobody can
 * need any more. */
#ifndef RETENTION_H
#define RETENTION_H

#include <stdint.h>

#include "pg.h"

enum retention_rule {
	/* stripe_events.payload, of events that were applied: names and addresses; the row stays, so that a repeat is known. 90 days */
	RETENTION_PAYLOADS,
	/* idempotency_keys: no client repeats a request for so long. 30 days */
	RETENTION_KEYS,
	/* dead_letters that somebody has redriven (90 days ago) or discarded (first seen 90 days ago); never open ones */
	RETENTION_LETTERS,
	RETENTION_RULE_COUNT,
};

/* "stripe_events", "payloads", "90 days": for people. Static. */
struct retention_words {
	const char *table, *things, *age;
};
struct retention_words retention_words(enum retention_rule rule);

/* How many are due. Reads the whole table. */
enum err_kind retention_count(struct pg *db, enum retention_rule rule, int64_t *ret_count,
			      struct err *err) MUST_CHECK;

/* How long the table is, in blocks. */
enum err_kind retention_blocks(struct pg *db, enum retention_rule rule, int64_t *ret_blocks,
			       struct err *err) MUST_CHECK;

/* Remove what is due in so many blocks from that one on, in a transaction of its own: short, so that it delays nobody (no row is
 * waited for longer than lock_timeout). Repeating it is safe. */
#define RETENTION_BATCH_BLOCKS 128
enum err_kind retention_apply(struct pg *db, enum retention_rule rule, int64_t from_block, int64_t *ret_count,
			      struct err *err) MUST_CHECK;

#endif
