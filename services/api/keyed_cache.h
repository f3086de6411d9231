/* keyed_cache.h: answers of requests under a key, in Redis for a day. Nothing here can fail: what is not found there is asked of the
 * database. */
#ifndef KEYED_CACHE_H
#define KEYED_CACHE_H

#include "api.h"
#include "idempotency_keys.h"

/* False: not there, or Redis does not answer. Texts in the arena. Blocks for Redis at most as redis_open was told. */
bool keyed_cache_find(const struct api *api, const struct idempotency_key *key, struct arena *arena,
		      struct idempotency_found *ret_found);

/* Only what the database has already. */
void keyed_cache_put(const struct api *api, const struct idempotency_key *key, int status, const char *body);

#endif
