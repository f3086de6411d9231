#include "gcra.h"

struct gcra gcra_share(double rate_per_s, int64_t burst, int replicas)
{
	double interval_ms = 1000.0 * replicas / rate_per_s;

	return (struct gcra){interval_ms, interval_ms * (double)(burst - 1) / replicas};
}

int64_t gcra_take_ms(const struct gcra *gcra, double *full_at_ms, int64_t now_ms)
{
	double now = (double)now_ms;
	double full_at = *full_at_ms < now ? now : *full_at_ms;
	double early_ms = full_at - gcra->slack_ms - now;

	if (early_ms > 0)
		return (int64_t)early_ms + ((double)(int64_t)early_ms < early_ms); /* up */
	*full_at_ms = full_at + gcra->interval_ms;
	return 0;
}
