/* clock.h: points in time. Decisions about money take their now from PostgreSQL, never from here (design.md rule 2);
 * this clock serves logs, tokens, deadlines and back-off. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Microseconds since 1970-01-01T00:00:00Z, PostgreSQL's resolution. */
struct instant {
	int64_t us;
};

#define INSTANT_NONE ((struct instant){INT64_MIN})

static inline bool instant_is_none(struct instant at)
{
	return at.us == INT64_MIN;
}

/* One of the two tables of functions in this house: tests set their own time. */
struct clock {
	struct instant (*now)(const struct clock *clock);
	int64_t (*monotonic_ms)(const struct clock *clock); /* for measuring only, never goes back */
};

/* CLOCK_REALTIME and CLOCK_MONOTONIC. Static storage, thread-safe. */
const struct clock *clock_system(void);

/* A clock that stands where it was put until it is moved. monotonic_ms follows it. */
struct clock_settable {
	struct clock clock; /* first member: pass &settable.clock */
	struct instant at;
};
void clock_settable_init(struct clock_settable *settable, struct instant at);

/* Deadlines on the monotonic clock, in milliseconds. deadline_left_ms is never negative. */
int64_t deadline_in_ms(int64_t ms);
int64_t deadline_left_ms(int64_t deadline_ms);

#endif
