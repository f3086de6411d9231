/* limiter.h: a budget of calls per second that all processes share through Redis (design.md section 8).
 * Without Redis each process keeps to its share of it, rate / declared replicas. Thread-safe. */
#ifndef LIMITER_H
#define LIMITER_H

#include "clock.h"
#include "monitor.h"
#include "redis.h"

struct limiter_options {
	const char *name;          /* "refunds": metrics label; static storage */
	struct redis *redis;       /* NULL: the local share only; borrowed */
	const char *key;           /* in Redis; static storage */
	double rate_per_s;         /* 0: no limit */
	int burst;                 /* 0: 1 */
	int replicas;              /* 0: 1 */
	const struct clock *clock; /* NULL: the system's */
};

/* Caller's storage. The members are the limiter's own. */
struct limiter {
	struct limiter_options options;
	struct monitor lock;
	double full_at_ms;         /* local GCRA: theoretical arrival time */
	int64_t spare_taken_at_ms; /* one unit that was spent and given back; 0: none */
	int64_t last_taken_at_ms;
};

void limiter_init(struct limiter *limiter, const struct limiter_options *options);
void limiter_release(struct limiter *limiter);

/* 0: go, one unit is spent; else nothing was, ask again after so many ms. Blocks at most one call to Redis. */
int64_t limiter_admit_ms(struct limiter *limiter);
/* The unit just admitted was not used. It is kept for the next admit of this process, for at most two seconds, so that a sweep that
 * finds nothing does not eat the budget of others. One is kept at most, so that a second of all processes never holds more than one
 * unit each beyond the rate. */
void limiter_unadmit(struct limiter *limiter);

#endif
