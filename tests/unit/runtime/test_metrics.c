/* test_metrics.c: the exposition, as Prometheus reads it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "metrics.h"

static struct buf text;

static bool shows(const char *line)
{
	buf_release(&text);
	buf_init(&text, 1u << 20);
	metrics_expose(&text);
	return strstr(text.data, line);
}

static void release(void)
{
	buf_release(&text);
}

TestSuite(metrics, .fini = release);

Test(metrics, a_family_has_its_help_and_type_once_before_its_series)
{
	metric_add(METRIC(METRIC_COUNTER, "unbook_things_total", "Things.", {"kind", "a"}), 2);
	metric_add(METRIC(METRIC_COUNTER, "unbook_things_total", "Things.", {"kind", "b"}), 3);
	metric_add(METRIC(METRIC_COUNTER, "unbook_things_total", "Things.", {"kind", "a"}), 1);
	cr_expect(shows("# HELP unbook_things_total Things.\n# TYPE unbook_things_total counter\n"
			"unbook_things_total{kind=\"a\"} 3\nunbook_things_total{kind=\"b\"} 3\n"),
		  "%s", text.data);
}

Test(metrics, a_series_without_labels_has_no_braces)
{
	metric_set(METRIC(METRIC_GAUGE, "unbook_level", "Level."), -4);
	cr_expect(shows("\nunbook_level -4\n"), "%s", text.data);
}

Test(metrics, label_values_are_escaped)
{
	metric_set(METRIC(METRIC_GAUGE, "unbook_odd", "Odd.", {"what", "a\"b\\c\nd"}), 1);
	cr_expect(shows("unbook_odd{what=\"a\\\"b\\\\c\\nd\"} 1\n"), "%s", text.data);
}

Test(metrics, a_histogram_cumulates_and_adds_up)
{
	struct metric *metric = METRIC(METRIC_SECONDS, "unbook_wait_seconds", "Wait.", {"what", "x"});

	metric_observe_us(metric, 900);
	metric_observe_us(metric, 1000);
	metric_observe_us(metric, 70000000);
	cr_expect_eq(metric_value(metric), 3);
	cr_expect(shows("unbook_wait_seconds_bucket{what=\"x\",le=\"0.0010\"} 2\n"), "%s", text.data);
	cr_expect(
		shows("unbook_wait_seconds_bucket{what=\"x\",le=\"60.0000\"} 2\n"
		      "unbook_wait_seconds_bucket{what=\"x\",le=\"+Inf\"} 3\n"
		      "unbook_wait_seconds_sum{what=\"x\"} 70.001900\nunbook_wait_seconds_count{what=\"x\"} 3\n"),
		"%s", text.data);
}

Test(metrics, an_age_is_shown_in_seconds)
{
	metric_set(METRIC(METRIC_AGE, "unbook_age_seconds", "Age."), 1250000);
	cr_expect(shows("# TYPE unbook_age_seconds gauge\nunbook_age_seconds 1.250000\n"), "%s", text.data);
}

static void set_to_seven(void *context)
{
	(void)context;
	metric_set(METRIC(METRIC_GAUGE, "unbook_seven", "Seven."), 7);
}

Test(metrics, a_collector_is_asked_until_it_is_removed)
{
	metrics_collector_add(set_to_seven, NULL);
	cr_expect(shows("\nunbook_seven 7\n"), "%s", text.data);
	metrics_collector_remove(set_to_seven, NULL);
	metric_set(METRIC(METRIC_GAUGE, "unbook_seven", "Seven."), 0);
	cr_expect(shows("\nunbook_seven 0\n"), "%s", text.data);
}

Test(metrics, a_flood_of_series_does_not_flood_the_memory)
{
	char name[16];

	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		metric_add(METRIC(METRIC_COUNTER, "unbook_flood_total", "Flood.", {"who", name}), 1);
	}
	cr_expect_not(shows("who=\"2999\""));
	cr_expect(shows("who=\"0\""));
}
