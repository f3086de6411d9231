/* metrics.h: counters, gauges and histograms of this process, in Prometheus text format 0.0.4.
 * One registry per process, as there is one log. Thread-safe; adding costs one atomic operation. */
#ifndef METRICS_H
#define METRICS_H

#include <stdint.h>

#include "str.h"

enum metric_type {
	METRIC_COUNTER, /* only rises; the name ends in _total */
	METRIC_GAUGE,
	METRIC_AGE,     /* gauge in seconds, set in microseconds; the name ends in _seconds */
	METRIC_SECONDS, /* histogram of durations; the name ends in _seconds */
	METRIC_CPU,     /* counter in seconds, set in microseconds */
};

struct metric_label {
	const char *name;
	const char *value;
};

struct metric;

/* Find or make one series. name and help have static storage; labels are copied. Never NULL: beyond SERIES_MAX series all share one that
 * is not shown. Keep the pointer where the path is hot; it lives as long as the process. */
struct metric *metrics_get(enum metric_type type, const char *name, const char *help,
			   const struct metric_label *labels);

/* Use: metric_add(METRIC(METRIC_COUNTER, "unbook_jobs_total", "Jobs by outcome.", {"handler", name}, {"outcome", word}), 1); */
#define METRIC(type, name, help, ...)       \
	metrics_get((type), (name), (help), \
		    (const struct metric_label[]){__VA_ARGS__ __VA_OPT__(, ){NULL, NULL}})

void metric_add(struct metric *metric, int64_t count);
void metric_set(struct metric *metric, int64_t value);
void metric_observe_us(struct metric *metric, int64_t us);
int64_t metric_value(const struct metric *metric); /* a histogram's count */

/* Called before each exposition to bring gauges up to date; must be quick. Both wait for a running exposition. */
void metrics_collector_add(void (*collect)(void *context), void *context);
void metrics_collector_remove(void (*collect)(void *context), void *context);

/* Append the whole exposition. */
void metrics_expose(struct buf *out);

/* Resident memory, open files, CPU time and start of this process: a collector. */
void process_metrics_collect(void *unused);

#endif
