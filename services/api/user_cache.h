/* user_cache.h: subject -> user id, so that a known caller costs no statement. An id never changes for a subject. Thread-safe. */
#ifndef USER_CACHE_H
#define USER_CACHE_H

#include <stdint.h>

#include "err.h"

struct user_cache;

/* What a token says about its owner, as a set. */
enum user_says { USER_SAYS_EMAIL = 1, USER_SAYS_NAME = 2 };

enum err_kind user_cache_new(struct user_cache **ret_cache, struct err *err) MUST_CHECK;
void user_cache_free(struct user_cache *cache);

/* 0: not known, or no token before said all of says (a set of enum user_says), so that the row may lack it. */
int64_t user_cache_find(struct user_cache *cache, const char *subject, unsigned says);

/* The row has been offered what a token says. */
void user_cache_put(struct user_cache *cache, const char *subject, unsigned says, int64_t id);

#endif
