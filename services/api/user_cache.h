/* user_cache.h: subject -> user id, so that a known caller costs no statement. An id never changes for a subject. Thread-safe. */
#ifndef USER_CACHE_H
#define USER_CACHE_H

#include <stdint.h>

#include "err.h"

struct user_cache;

enum err_kind user_cache_new(struct user_cache **ret_cache, struct err *err) MUST_CHECK;
void user_cache_free(struct user_cache *cache);

/* 0: not known. */
int64_t user_cache_find(struct user_cache *cache, const char *subject);
void user_cache_put(struct user_cache *cache, const char *subject, int64_t id);

#endif
