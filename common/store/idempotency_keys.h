/* idempotency_keys.h: what a request under a key did, and what it answered. */
#ifndef IDEMPOTENCY_KEYS_H
#define IDEMPOTENCY_KEYS_H

#include "idempotency.h"
#include "pg.h"

struct idempotency_found {
	struct idempotency_memory memory;
	int64_t booking_id; /* that it made or changed; 0: not known */
	int status;         /* of its answer, when memory.has_answer */
	const char *body;   /* in the arena */
};

/* The row of key (user and text), compared with its request. */
enum err_kind idempotency_keys_find(struct pg *db, const struct idempotency_key *key, struct arena *arena,
				    struct idempotency_found *ret_found, struct err *err) MUST_CHECK;

/* Queue the key's row in the transaction of its effect, without an answer; key->owns_row from then on. booking_id 0: the booking that this
 * transaction has just inserted. When the key turns out to be another request's, or answered, pg_run fails with pg_check and nothing of
 * the transaction stays. */
enum err_kind idempotency_keys_queue(struct pg *tx, struct idempotency_key *key, int64_t booking_id,
				     struct err *err) MUST_CHECK;

/* The answer, for ever; the first one stays. One statement; repeating it is safe. *ret_is_kept false: the key has an answer, or its row is
 * another's (key->owns_row). */
enum err_kind idempotency_keys_record(struct pg *db, const struct idempotency_key *key, int status,
				      const char *body, bool *ret_is_kept, struct err *err) MUST_CHECK;

#endif
