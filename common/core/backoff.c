/* backoff.c: exponential, full jitter */
#include "backoff.h"

int64_t backoff_next_ms(const struct backoff *backoff, int failures, int64_t retry_after_ms, uint64_t random)
{
	int64_t ceiling_ms = backoff->min_ms > 1 ? backoff->min_ms : 1;
	int64_t max_ms = backoff->max_ms > 1 ? backoff->max_ms : 1;
	int64_t wait_ms;

	for (int i = 0; i < failures && ceiling_ms < max_ms; i++)
		if (__builtin_mul_overflow(ceiling_ms, (int64_t)2, &ceiling_ms))
			ceiling_ms = max_ms;
	if (ceiling_ms > max_ms)
		ceiling_ms = max_ms;
	wait_ms = 1 + (int64_t)(random % (uint64_t)ceiling_ms);
	return wait_ms > retry_after_ms ? wait_ms : retry_after_ms;
}
