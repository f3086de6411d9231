/* dead_letters.h: records that nobody can act on, kept for a person. Never dropped, never retried by itself. */
#ifndef DEAD_LETTERS_H
#define DEAD_LETTERS_H

#include <stddef.h>

#include "pg.h"

#define DEAD_LETTER_UNSENT \
	(-1) /* partition of an outbox row that the broker refuses; offset is then the outbox id */

#define DEAD_LETTER_STRIPE \
	(-2) /* partition of something that Stripe told; key is its id, offset a hash of it */

struct dead_letter {
	const char *topic; /* with its prefix */
	int32_t partition;
	int64_t offset;
	const void *key; /* NULL: none */
	size_t key_len;
	const char *headers; /* JSON object, or NULL */
	const void *bytes;   /* NULL: none */
	size_t bytes_len;
	const char *reason; /* stable code, then what varies */
};

/* Queue the insert; unique on topic, partition and offset, a second one changes nothing. Everything stays borrowed until pg_run. */
enum err_kind dead_letters_queue(struct pg *tx, const struct dead_letter *letter, struct err *err) MUST_CHECK;

/* Something that Stripe told, by the id of its event or object, and that belongs to nothing here. Committed when it returns; *ret_is_new
 * false: it was put aside before, and nobody has had it redriven since. Its bytes stay where they are. */
enum err_kind dead_letters_record_stripe(struct pg *db, const char *id, const char *reason, bool *ret_is_new,
					 struct err *err) MUST_CHECK;

/* How many wait for a person: neither redriven nor discarded. */
enum err_kind dead_letters_count_open(struct pg *db, int64_t *ret_count, struct err *err) MUST_CHECK;

#endif
