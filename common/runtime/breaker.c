#include "breaker.h"

#include "metrics.h"

#define OR(value, fallback) ((value) ? (value) : (fallback))

static int64_t now_ms(const struct breaker *breaker)
{
	return breaker->options.clock->monotonic_ms(breaker->options.clock);
}

static void show(const struct breaker *breaker, bool open)
{
	metric_set(METRIC(METRIC_GAUGE, "unbook_breaker_open", "1 while a dependency is not asked.",
			  {"dependency", breaker->options.name}),
		   open);
}

void breaker_init(struct breaker *breaker, const struct breaker_options *options)
{
	*breaker = (struct breaker){.options = *options};
	breaker->options.failures_max = OR(options->failures_max, 5);
	breaker->options.open_min_ms = OR(options->open_min_ms, 1000);
	breaker->options.open_max_ms = OR(options->open_max_ms, 60000);
	breaker->options.probe_ms = OR(options->probe_ms, 60000);
	breaker->options.clock = OR(options->clock, clock_system());
	monitor_init(&breaker->lock);
	show(breaker, false);
}

void breaker_release(struct breaker *breaker)
{
	monitor_release(&breaker->lock);
}

int64_t breaker_admit_ms(struct breaker *breaker)
{
	int64_t now = now_ms(breaker);
	int64_t wait = 0;

	monitor_lock(&breaker->lock);
	if (breaker->open_until_ms > now) {
		wait = breaker->open_until_ms - now;
	} else if (breaker->open_until_ms) {
		if (breaker->probe_until_ms > now)
			wait = breaker->options.open_min_ms;
		else
			breaker->probe_until_ms = now + breaker->options.probe_ms;
	}
	monitor_unlock(&breaker->lock);
	return wait;
}

void breaker_unadmit(struct breaker *breaker)
{
	monitor_lock(&breaker->lock);
	breaker->probe_until_ms = 0;
	monitor_unlock(&breaker->lock);
}

void breaker_succeeded(struct breaker *breaker)
{
	monitor_lock(&breaker->lock);
	breaker->failures = 0;
	breaker->openings = 0;
	breaker->open_until_ms = 0;
	breaker->probe_until_ms = 0;
	monitor_unlock(&breaker->lock);
	show(breaker, false);
}

/* With the lock held. */
static void open_now(struct breaker *breaker)
{
	int64_t pause = breaker->options.open_min_ms;

	for (int i = 0; i < breaker->openings && pause < breaker->options.open_max_ms; i++)
		pause *= 2;
	if (pause > breaker->options.open_max_ms)
		pause = breaker->options.open_max_ms;
	breaker->openings++;
	breaker->open_until_ms = now_ms(breaker) + pause;
	breaker->probe_until_ms = 0;
	metric_add(METRIC(METRIC_COUNTER, "unbook_breaker_openings_total",
			  "How often a dependency was given up.", {"dependency", breaker->options.name}),
		   1);
}

static void failed(struct breaker *breaker, bool at_once)
{
	bool open;

	monitor_lock(&breaker->lock);
	breaker->failures++;
	/* Failures of what was admitted before it opened neither lengthen the pause nor end it. */
	if ((at_once || breaker->failures >= breaker->options.failures_max)
	    && breaker->open_until_ms <= now_ms(breaker))
		open_now(breaker);
	open = breaker->open_until_ms != 0;
	monitor_unlock(&breaker->lock);
	show(breaker, open);
}

void breaker_failed(struct breaker *breaker)
{
	failed(breaker, false);
}

void breaker_refused(struct breaker *breaker)
{
	failed(breaker, true);
}

bool breaker_is_open(struct breaker *breaker)
{
	bool open;

	monitor_lock(&breaker->lock);
	open = breaker->open_until_ms != 0;
	monitor_unlock(&breaker->lock);
	return open;
}
