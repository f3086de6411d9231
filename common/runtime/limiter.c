#include "limiter.h"

#include "gcra.h"
#include "metrics.h"

#define SPARE_MS 2000

static int64_t now_ms(const struct limiter *limiter)
{
	return limiter->options.clock->monotonic_ms(limiter->options.clock);
}

void limiter_init(struct limiter *limiter, const struct limiter_options *options)
{
	*limiter = (struct limiter){.options = *options};
	if (!limiter->options.burst)
		limiter->options.burst = 1;
	if (!limiter->options.replicas)
		limiter->options.replicas = 1;
	if (!limiter->options.clock)
		limiter->options.clock = clock_system();
	monitor_init(&limiter->lock);
}

void limiter_release(struct limiter *limiter)
{
	monitor_release(&limiter->lock);
}

static bool take_spare(struct limiter *limiter, int64_t now)
{
	bool taken;

	monitor_lock(&limiter->lock);
	taken = limiter->spare_taken_at_ms && now - limiter->spare_taken_at_ms < SPARE_MS;
	if (taken)
		limiter->last_taken_at_ms = limiter->spare_taken_at_ms;
	limiter->spare_taken_at_ms = 0;
	monitor_unlock(&limiter->lock);
	return taken;
}

static int64_t local_admit_ms(struct limiter *limiter, int64_t now)
{
	struct gcra share =
		gcra_share(limiter->options.rate_per_s, limiter->options.burst, limiter->options.replicas);
	int64_t wait_ms;

	monitor_lock(&limiter->lock);
	wait_ms = gcra_take_ms(&share, &limiter->full_at_ms, now);
	monitor_unlock(&limiter->lock);
	return wait_ms;
}

static int64_t spend(struct limiter *limiter, int64_t now)
{
	int64_t wait_ms = 0;

	if (limiter->options.redis) {
		if (!redis_gcra(limiter->options.redis, limiter->options.key, limiter->options.rate_per_s,
				limiter->options.burst, &wait_ms, NULL))
			return wait_ms;
		metric_add(METRIC(METRIC_COUNTER, "unbook_limiter_fallbacks_total",
				  "Asked the local share because Redis did not answer.",
				  {"limiter", limiter->options.name}),
			   1);
	}
	return local_admit_ms(limiter, now);
}

int64_t limiter_admit_ms(struct limiter *limiter)
{
	int64_t now = now_ms(limiter);
	int64_t wait_ms;

	if (limiter->options.rate_per_s <= 0 || take_spare(limiter, now))
		return 0;
	wait_ms = spend(limiter, now);
	if (!wait_ms) {
		monitor_lock(&limiter->lock);
		limiter->last_taken_at_ms = now;
		monitor_unlock(&limiter->lock);
	}
	return wait_ms;
}

void limiter_unadmit(struct limiter *limiter)
{
	monitor_lock(&limiter->lock);
	limiter->spare_taken_at_ms = limiter->last_taken_at_ms;
	monitor_unlock(&limiter->lock);
}
