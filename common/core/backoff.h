/* backoff.h: how long to wait before the next try. Exponential with full jitter (design.md section 8). Pure. */
#ifndef BACKOFF_H
#define BACKOFF_H

#include <stdint.h>

struct backoff {
	int64_t min_ms; /* ceiling of the first wait */
	int64_t max_ms; /* no wait is longer, unless the peer asked for it */
};

/* failures counts earlier failures that were ours to cause (0 for the first wait). random is any uniform 64-bit number.
 * Returns a wait in [1, min(max, min * 2^failures)], but never less than retry_after_ms (0: the peer did not ask). */
int64_t backoff_next_ms(const struct backoff *backoff, int failures, int64_t retry_after_ms, uint64_t random);

#endif
