#include "metrics.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SERIES_MAX     1000
#define COLLECTORS_MAX 16
#define LABELS_BYTES   256

static const int64_t bounds_us[] = {1000,   2500,    5000,    10000,   25000,    50000,    100000,  250000,
				    500000, 1000000, 2500000, 5000000, 10000000, 30000000, 60000000};
#define BOUNDS (sizeof(bounds_us) / sizeof(bounds_us[0]))

struct metric {
	struct metric *next;           /* of this family */
	char labels[LABELS_BYTES];     /* name="value",... */
	atomic_int_least64_t value;    /* histogram: sum in us */
	atomic_int_least64_t *buckets; /* histogram: BOUNDS + 1 counts, not cumulated */
};

struct family {
	struct family *next;
	enum metric_type type;
	const char *name, *help;
	struct metric *series;
};

struct collector {
	void (*collect)(void *context);
	void *context;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;       /* families and series */
static pthread_mutex_t collecting = PTHREAD_MUTEX_INITIALIZER; /* collectors; taken before lock */
static struct family *families;
static struct collector collectors[COLLECTORS_MAX];
static int series_count;
static atomic_int_least64_t overflow_buckets[BOUNDS + 1];
static struct metric overflow = {.buckets = overflow_buckets};

static void add_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			buf_add(out, "\\n");
		else if (*text == '"' || *text == '\\')
			buf_addf(out, "\\%c", *text);
		else
			buf_add_bytes(out, text, 1);
	}
}

/* False when they do not fit. */
static bool write_labels(const struct metric_label *labels, char ret_text[LABELS_BYTES])
{
	struct buf text;
	bool fits;

	buf_init(&text, LABELS_BYTES);
	for (const struct metric_label *label = labels; label->name; label++) {
		buf_addf(&text, "%s%s=\"", label == labels ? "" : ",", label->name);
		add_escaped(&text, label->value ? label->value : "");
		buf_add(&text, "\"");
	}
	fits = !text.failed && str_copy(ret_text, LABELS_BYTES, text.data);
	buf_release(&text);
	return fits;
}

static struct family *find_family(enum metric_type type, const char *name, const char *help)
{
	struct family **place = &families;

	while (*place && !str_eq((*place)->name, name))
		place = &(*place)->next;
	if (!*place) {
		*place = calloc(1, sizeof(**place));
		if (*place)
			**place = (struct family){.type = type, .name = name, .help = help};
	}
	return *place;
}

static struct metric *find_series(struct family *family, const char *labels)
{
	struct metric **place = &family->series;
	struct metric *made;

	while (*place && !str_eq((*place)->labels, labels))
		place = &(*place)->next;
	if (*place)
		return *place;
	made = series_count < SERIES_MAX ? calloc(1, sizeof(*made)) : NULL;
	if (made && family->type == METRIC_SECONDS)
		made->buckets = calloc(BOUNDS + 1, sizeof(*made->buckets));
	if (!made || (family->type == METRIC_SECONDS && !made->buckets)) {
		free(made);
		return &overflow;
	}
	str_copy(made->labels, sizeof(made->labels), labels);
	series_count++;
	*place = made;
	return made;
}

struct metric *metrics_get(enum metric_type type, const char *name, const char *help,
			   const struct metric_label *labels)
{
	struct metric *found = &overflow;
	char text[LABELS_BYTES];
	struct family *family;

	if (!write_labels(labels, text))
		return &overflow;
	pthread_mutex_lock(&lock);
	family = find_family(type, name, help);
	if (family)
		found = find_series(family, text);
	pthread_mutex_unlock(&lock);
	return found;
}

void metric_add(struct metric *metric, int64_t count)
{
	atomic_fetch_add_explicit(&metric->value, count, memory_order_relaxed);
}

void metric_set(struct metric *metric, int64_t value)
{
	atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

void metric_observe_us(struct metric *metric, int64_t us)
{
	size_t bucket = 0;

	while (bucket < BOUNDS && us > bounds_us[bucket])
		bucket++;
	atomic_fetch_add_explicit(&metric->buckets[bucket], 1, memory_order_relaxed);
	metric_add(metric, us);
}

int64_t metric_value(const struct metric *metric)
{
	int64_t count = 0;

	if (!metric->buckets)
		return atomic_load_explicit(&metric->value, memory_order_relaxed);
	for (size_t i = 0; i <= BOUNDS; i++)
		count += atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
	return count;
}

void metrics_collector_add(void (*collect)(void *context), void *context)
{
	pthread_mutex_lock(&collecting);
	for (size_t i = 0; i < COLLECTORS_MAX; i++) {
		if (collectors[i].collect)
			continue;
		collectors[i] = (struct collector){collect, context};
		break;
	}
	pthread_mutex_unlock(&collecting);
}

void metrics_collector_remove(void (*collect)(void *context), void *context)
{
	pthread_mutex_lock(&collecting);
	for (size_t i = 0; i < COLLECTORS_MAX; i++) {
		if (collectors[i].collect == collect && collectors[i].context == context)
			collectors[i] = (struct collector){0};
	}
	pthread_mutex_unlock(&collecting);
}

static void expose_micros(struct buf *out, int64_t us)
{
	buf_addf(out, "%" PRId64 ".%06" PRId64 "\n", us / 1000000, us % 1000000);
}

static void expose_histogram(struct buf *out, const char *name, const struct metric *metric)
{
	const char *comma = metric->labels[0] ? "," : "";
	const char *open = metric->labels[0] ? "{" : "", *close = metric->labels[0] ? "}" : "";
	int64_t count = 0;

	for (size_t i = 0; i <= BOUNDS; i++) {
		count += atomic_load_explicit(&metric->buckets[i], memory_order_relaxed);
		buf_addf(out, "%s_bucket{%s%sle=\"", name, metric->labels, comma);
		if (i < BOUNDS)
			buf_addf(out, "%" PRId64 ".%04" PRId64, bounds_us[i] / 1000000,
				 bounds_us[i] % 1000000 / 100);
		else
			buf_add(out, "+Inf");
		buf_addf(out, "\"} %" PRId64 "\n", count);
	}
	buf_addf(out, "%s_sum%s%s%s ", name, open, metric->labels, close);
	expose_micros(out, atomic_load_explicit(&metric->value, memory_order_relaxed));
	buf_addf(out, "%s_count%s%s%s %" PRId64 "\n", name, open, metric->labels, close, count);
}

static void expose_family(struct buf *out, const struct family *family)
{
	static const char *const words[] = {[METRIC_COUNTER] = "counter",
					    [METRIC_GAUGE] = "gauge",
					    [METRIC_AGE] = "gauge",
					    [METRIC_SECONDS] = "histogram",
					    [METRIC_CPU] = "counter"};

	buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
		 words[family->type]);
	for (const struct metric *metric = family->series; metric; metric = metric->next) {
		if (family->type == METRIC_SECONDS) {
			expose_histogram(out, family->name, metric);
			continue;
		}
		buf_addf(out, metric->labels[0] ? "%s{%s} " : "%s%s ", family->name, metric->labels);
		if (family->type == METRIC_CPU || family->type == METRIC_AGE)
			expose_micros(out, metric_value(metric));
		else
			buf_addf(out, "%" PRId64 "\n", metric_value(metric));
	}
}

void metrics_expose(struct buf *out)
{
	pthread_mutex_lock(&collecting);
	for (size_t i = 0; i < COLLECTORS_MAX; i++) {
		if (collectors[i].collect)
			collectors[i].collect(collectors[i].context);
	}
	pthread_mutex_unlock(&collecting);
	pthread_mutex_lock(&lock);
	for (const struct family *family = families; family; family = family->next)
		expose_family(out, family);
	pthread_mutex_unlock(&lock);
}
