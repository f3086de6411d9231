#include <criterion/criterion.h>
#include <time.h>

#include "clock.h"

Test(clock, system_is_the_time_of_day_in_microseconds)
{
	int64_t before = (int64_t)time(NULL);
	struct instant now = clock_system()->now(clock_system());
	int64_t after = (int64_t)time(NULL);

	/* time() may lag behind by a tick of the coarse clock */
	cr_assert_geq(now.us / 1000000, before);
	cr_assert_leq(now.us / 1000000, after + 1);
}

Test(clock, monotonic_never_goes_back)
{
	const struct clock *clock = clock_system();
	int64_t last = clock->monotonic_ms(clock);

	for (int i = 0; i < 10000; i++) {
		int64_t next = clock->monotonic_ms(clock);

		cr_assert_geq(next, last);
		last = next;
	}
}

Test(clock, settable_stands_until_it_is_moved)
{
	struct clock_settable settable;
	const struct clock *clock = &settable.clock;

	clock_settable_init(&settable, (struct instant){5000000});
	cr_assert_eq(clock->now(clock).us, 5000000);
	cr_assert_eq(clock->now(clock).us, 5000000);
	cr_assert_eq(clock->monotonic_ms(clock), 5000);
	settable.at.us += 1500;
	cr_assert_eq(clock->now(clock).us, 5001500);
	cr_assert_eq(clock->monotonic_ms(clock), 5001);
}

Test(clock, a_deadline_counts_down_and_stops_at_zero)
{
	int64_t left = deadline_left_ms(deadline_in_ms(60000));

	cr_assert(left > 50000 && left <= 60000);
	cr_assert_eq(deadline_left_ms(deadline_in_ms(0)), 0);
	cr_assert_eq(deadline_left_ms(deadline_in_ms(-5)), 0);
	cr_assert_eq(deadline_left_ms(0), 0);
	cr_assert_eq(deadline_left_ms(INT64_MIN), 0);
	cr_assert_eq(deadline_in_ms(INT64_MAX), INT64_MAX);
	cr_assert_gt(deadline_left_ms(INT64_MAX), 0);
}

Test(clock, no_instant_is_not_an_instant)
{
	cr_assert(instant_is_none(INSTANT_NONE));
	cr_assert_not(instant_is_none((struct instant){0}));
}
