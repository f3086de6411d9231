/* clock.c: the system's clocks, and one that tests set */
#include "clock.h"

#include <time.h>

static struct instant system_now(const struct clock *clock)
{
	struct timespec ts;

	(void)clock;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (struct instant){(int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000};
}

static int64_t system_monotonic_ms(const struct clock *clock)
{
	struct timespec ts;

	(void)clock;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

const struct clock *clock_system(void)
{
	static const struct clock system = {.now = system_now, .monotonic_ms = system_monotonic_ms};

	return &system;
}

static struct instant settable_now(const struct clock *clock)
{
	return ((const struct clock_settable *)clock)->at;
}

static int64_t settable_monotonic_ms(const struct clock *clock)
{
	return ((const struct clock_settable *)clock)->at.us / 1000;
}

void clock_settable_init(struct clock_settable *settable, struct instant at)
{
	*settable = (struct clock_settable){
		.clock = {.now = settable_now, .monotonic_ms = settable_monotonic_ms},
		.at = at,
	};
}

int64_t deadline_in_ms(int64_t ms)
{
	int64_t deadline_ms;

	if (__builtin_add_overflow(system_monotonic_ms(clock_system()), ms, &deadline_ms))
		return ms > 0 ? INT64_MAX : INT64_MIN;
	return deadline_ms;
}

int64_t deadline_left_ms(int64_t deadline_ms)
{
	int64_t now_ms = system_monotonic_ms(clock_system());

	return deadline_ms > now_ms ? deadline_ms - now_ms : 0;
}
