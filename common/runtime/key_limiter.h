/* key_limiter.h: a budget of calls per minute for each of many keys (a user, an address), shared by all processes through Redis. Without
 * Redis each process keeps to its share, the budget / declared replicas. Who rested for a minute may spend it all at once; then one unit comes
 * back every minute / budget. Thread-safe, and bounded in memory whatever keys come. */
#ifndef KEY_LIMITER_H
#define KEY_LIMITER_H

#include "clock.h"
#include "err.h"
#include "redis.h"

#define KEY_LIMITER_KEY_BYTES 320

struct key_limiter_options {
	const char *name;          /* "user": metrics label; static storage */
	struct redis *redis;       /* NULL: the local share only; borrowed */
	const char *prefix;        /* of its keys in Redis, "unbook:limit:<instance>:"; copied */
	int64_t per_minute;        /* 0: no limit */
	int replicas;              /* 0: 1 */
	const struct clock *clock; /* NULL: the system's */
};

struct key_limiter;

/* Errors ERR_FATAL no_memory. */
enum err_kind key_limiter_open(const struct key_limiter_options *options, struct key_limiter **ret_limiter,
			       struct err *err) MUST_CHECK;
void key_limiter_close(struct key_limiter *limiter);

/* 0: go, one unit of key is spent; else nothing was, ask again after so many ms. Blocks at most one call to Redis, and for a key that was just
 * told to wait none. NULL is fine: no limit. */
int64_t key_limiter_admit_ms(struct key_limiter *limiter, const char *key);

#endif
