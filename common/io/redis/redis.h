/* redis.h: Redis over hiredis: a cache and a shared limiter, never a truth. Everything here may fail and the caller goes on without it.
 * Thread-safe: one connection behind a mutex, reconnected at a bounded rate; a time-out kills the connection (hiredis: the context is dead). */
#ifndef REDIS_H
#define REDIS_H

#include <stdint.h>

#include "err.h"
#include "str.h"

struct redis;

/* Connects on first use. url: redis://[:password@]host:port[/db]. timeout_ms bounds connecting and every call. */
enum err_kind redis_open(const char *url, int64_t timeout_ms, struct redis **ret_redis,
			 struct err *err) MUST_CHECK;
void redis_close(struct redis *redis);

/* One GCRA step over all processes in one script, by Redis's own clock (design.md section 8: posts of refunds share one budget).
 * rate_per_s > 0, burst >= 1. *ret_wait_ms 0: go, the budget is spent; else nothing was spent, ask again after so long.
 * Errors ERR_RETRY redis_unavailable, after which calls fail at once for a second, then one of them tries again while the others still fail
 * at once: a dead or frozen Redis costs one caller timeout_ms now and then. */
enum err_kind redis_gcra(struct redis *redis, const char *key, double rate_per_s, int burst,
			 int64_t *ret_wait_ms, struct err *err) MUST_CHECK;

/* Append the value of key, any bytes. Errors ERR_RETRY redis_unavailable as above; ERR_REJECT redis_no_key. */
enum err_kind redis_get(struct redis *redis, const char *key, struct buf *value, struct err *err) MUST_CHECK;
/* Set it, for so many seconds. Errors ERR_RETRY redis_unavailable. */
enum err_kind redis_set(struct redis *redis, const char *key, const void *value, size_t len, int64_t seconds,
			struct err *err) MUST_CHECK;

#endif
