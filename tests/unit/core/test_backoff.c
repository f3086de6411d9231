#include <criterion/criterion.h>

#include "backoff.h"

static const struct backoff hourly = {.min_ms = 1000, .max_ms = 3600000};

static int64_t ceiling_of(const struct backoff *backoff, int failures)
{
	int64_t ceiling = backoff->min_ms;

	for (int i = 0; i < failures; i++)
		ceiling = ceiling > backoff->max_ms / 2 ? backoff->max_ms : ceiling * 2;
	return ceiling > backoff->max_ms ? backoff->max_ms : ceiling;
}

Test(backoff, stays_within_its_ceiling_for_any_number_of_failures)
{
	static const struct backoff widest = {.min_ms = 1, .max_ms = INT64_MAX};
	static const struct backoff *const backoffs[] = {&hourly, &widest};

	for (size_t b = 0; b < 2; b++)
		for (int failures = 0; failures <= 100; failures++) {
			int64_t ceiling = ceiling_of(backoffs[b], failures);

			for (uint64_t random = 0; random < 200; random++) {
				uint64_t spread = random * UINT64_C(0x9e3779b97f4a7c15);
				int64_t wait = backoff_next_ms(backoffs[b], failures, 0, spread);

				cr_assert(wait >= 1 && wait <= ceiling, "%d failures: %lld", failures,
					  (long long)wait);
			}
			cr_assert_eq(backoff_next_ms(backoffs[b], failures, 0, 0), 1);
			cr_assert_eq(backoff_next_ms(backoffs[b], failures, 0, (uint64_t)ceiling - 1),
				     ceiling);
		}
}

Test(backoff, a_waiting_time_asked_for_is_kept_even_beyond_the_maximum)
{
	cr_assert_eq(backoff_next_ms(&hourly, 0, 5000, 3), 5000);
	cr_assert_eq(backoff_next_ms(&hourly, 0, 7200000, 3), 7200000);
	cr_assert_eq(backoff_next_ms(&hourly, 5, 2, 31999), 32000);
	cr_assert_eq(backoff_next_ms(&hourly, 0, -7, 0), 1);
}

Test(backoff, senseless_settings_still_give_a_wait)
{
	static const struct backoff none = {0};
	static const struct backoff turned = {.min_ms = 500, .max_ms = 100};

	cr_assert_eq(backoff_next_ms(&none, 50, 0, UINT64_MAX), 1);
	cr_assert_eq(backoff_next_ms(&turned, 0, 0, 99), 100);
	cr_assert_eq(backoff_next_ms(&hourly, -3, 0, 999), 1000);
	cr_assert_geq(backoff_next_ms(&hourly, INT32_MAX, 0, UINT64_MAX), 1);
}
