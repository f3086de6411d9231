#include "rig.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "metrics.h"
#include "str.h"

#define MIGRATION  UNBOOK_SOURCE_DIR "/deploy/migrations/20261122000001_first.sql"
#define PARTITIONS 4
#define LOOK_MS    10

struct rig rig;

static const char *const bare_topics[] = {"unbook.bookings", "unbook.refunds", "unbook.checkouts",
					  "stripe.events"};
#define TOPICS (sizeof(bare_topics) / sizeof(bare_topics[0]))

static void migrate(void)
{
	char *sql = calloc(1, 1u << 20), *down;
	FILE *file = fopen(MIGRATION, "r");
	struct pg *pg = database_open(0);

	cr_assert_not_null(file, "%s", MIGRATION);
	cr_assert_gt(fread(sql, 1, (1u << 20) - 1, file), 0);
	fclose(file);
	down = strstr(sql, "-- migrate:down");
	cr_assert_not_null(down);
	*down = '\0';
	database_script(pg, sql);
	pg_close(pg);
	free(sql);
}

static void open_mock(void)
{
	char why[256];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();

	rd_kafka_conf_set(conf, "log_level", "0", why, sizeof(why));
	rig.host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	cr_assert_not_null(rig.host, "%s", why);
	rig.mock = rd_kafka_mock_cluster_new(rig.host, 1);
	cr_assert_not_null(rig.mock);
	str_copy(rig.bootstrap, sizeof(rig.bootstrap), rd_kafka_mock_cluster_bootstraps(rig.mock));
}

static void create_topics(void)
{
	struct kafka_options options = {.bootstrap = rig.bootstrap, .client_id = "test"};
	char names[TOPICS][128];
	const char *topics[TOPICS];
	struct err err = {0};

	for (size_t i = 0; i < TOPICS; i++) {
		snprintf(names[i], sizeof(names[i]), "%s%s", rig.prefix, bare_topics[i]);
		topics[i] = names[i];
		if (rig.mock)
			rd_kafka_mock_topic_create(rig.mock, names[i], PARTITIONS, 1);
	}
	ASSERT_OK(kafka_topics_create(&options, topics, (int)TOPICS, PARTITIONS, RIG_WAIT_MS, &err), err);
	ASSERT_OK(kafka_producer_open(&options, 0, &rig.producer, &err), err);
}

static void make(bool with_mock)
{
	const char *bootstrap = getenv("UNBOOK_TEST_KAFKA");
	const char *prefix = getenv("UNBOOK_TEST_TOPIC_PREFIX");
	struct pg_options options = {.url = database_url, .application = "test pool", .call_ms = 3000};
	struct err err = {0};

	memset(&rig, 0, sizeof(rig));
	database_make();
	migrate();
	if (with_mock || !bootstrap)
		open_mock();
	else
		str_copy(rig.bootstrap, sizeof(rig.bootstrap), bootstrap);
	snprintf(rig.prefix, sizeof(rig.prefix), "%s%d-%" PRId64 ".", prefix ? prefix : "", (int)getpid(),
		 clock_system()->now(clock_system()).us);
	create_topics();
	ASSERT_OK(pg_pool_open(&options, 4, &rig.pool, &err), err);
}

void rig_make(void)
{
	make(false);
}

void rig_make_with_mock(void)
{
	make(true);
}

void rig_drop(void)
{
	pg_pool_close(rig.pool);
	kafka_producer_close(rig.producer, deadline_in_ms(5000));
	if (rig.mock)
		rd_kafka_mock_cluster_destroy(rig.mock);
	if (rig.host)
		rd_kafka_destroy(rig.host);
	database_drop();
}

void rig_sql(const char *sql)
{
	struct pg *pg = database_open(0);

	database_script(pg, sql);
	pg_close(pg);
}

static void look_again(void)
{
	nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000}, NULL);
}

void rig_expect(const char *sql, int64_t wanted)
{
	int64_t deadline = deadline_in_ms(RIG_WAIT_MS);
	int64_t count = database_count(sql);

	while (count != wanted && deadline_left_ms(deadline)) {
		look_again();
		count = database_count(sql);
	}
	cr_assert_eq(count, wanted, "%s is %" PRId64 " and not %" PRId64, sql, count, wanted);
}

void rig_expect_still(const char *sql, int64_t wanted, int64_t ms)
{
	int64_t deadline = deadline_in_ms(ms);

	while (deadline_left_ms(deadline)) {
		cr_assert_eq(database_count(sql), wanted, "%s", sql);
		look_again();
	}
}

void rig_wait(bool (*done)(void *context), void *context, const char *what)
{
	int64_t deadline = deadline_in_ms(RIG_WAIT_MS);

	while (!done(context)) {
		cr_assert(deadline_left_ms(deadline), "waited in vain: %s", what);
		look_again();
	}
}

/* On another database of the same server. */
static void on_server(const char *before, const char *after)
{
	const char *name = strrchr(database_url, '/') + 1;
	struct pg *pg = database_open_at(getenv("UNBOOK_TEST_PG_URL"), 0);
	char sql[512];

	snprintf(sql, sizeof(sql), "%s%.*s%s", before, (int)strcspn(name, "?"), name, after);
	database_script(pg, sql);
	pg_close(pg);
}

void rig_postgres_away(void)
{
	on_server("ALTER DATABASE ", " ALLOW_CONNECTIONS false");
	on_server("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '", "'");
}

void rig_postgres_back(void)
{
	on_server("ALTER DATABASE ", " ALLOW_CONNECTIONS true");
}

void rig_send(const struct event_record *record, const char *key)
{
	struct kafka_header headers[KAFKA_HEADERS_MAX];
	struct kafka_record out = {.key = key,
				   .key_len = key ? strlen(key) : 0,
				   .value = record->value,
				   .value_len = record->value_len,
				   .headers = headers,
				   .header_count = (int)record->header_count};
	char topic[160];
	struct err err = {0};

	for (size_t i = 0; i < record->header_count; i++)
		headers[i] = (struct kafka_header){record->headers[i].name, record->headers[i].value,
						   record->headers[i].value_len};
	snprintf(topic, sizeof(topic), "%s%s", rig.prefix, record->topic);
	out.topic = topic;
	ASSERT_OK(kafka_produce_batch(rig.producer, &out, 1, deadline_in_ms(RIG_WAIT_MS), &err), err);
	cr_assert_eq(out.fate, KAFKA_DELIVERED, "%s", out.reason);
}

void rig_ring(int64_t toy)
{
	static const char type[] = "unbook.checkout.check.v1";
	const struct event_header headers[] = {
		{"ce_specversion", "1.0", 3}, {"ce_id", "1", 1}, {"ce_type", type, sizeof(type) - 1}};
	char body[64], key[24];

	snprintf(body, sizeof(body), "{\"bookingId\":%" PRId64 "}", toy);
	snprintf(key, sizeof(key), "%" PRId64, toy);
	rig_send(&(struct event_record){.topic = "unbook.checkouts",
					.value = body,
					.value_len = strlen(body),
					.headers = headers,
					.header_count = 3},
		 key);
}

struct relay *rig_relay(void)
{
	struct relay_options options = {.pg_url = database_url,
					.kafka_bootstrap = rig.bootstrap,
					.client_id = "test",
					.topic_prefix = rig.prefix,
					.partitions = PARTITIONS};
	struct relay *relay = NULL;
	struct err err = {0};

	ASSERT_OK(relay_open(&options, &relay, &err), err);
	return relay;
}

void rig_relay_close(struct relay *relay)
{
	cr_assert(relay_close(relay, deadline_in_ms(RIG_WAIT_MS)));
}

int64_t rig_metric(const char *start)
{
	int64_t value = -1;
	struct buf text;
	char wanted[256];
	char *line;

	buf_init(&text, 1u << 20);
	metrics_expose(&text);
	snprintf(wanted, sizeof(wanted), "\n%s", start); /* not the name in a comment */
	line = strstr(text.data, wanted);
	if (line)
		value = strtoll(strchr(line, ' ') + 1, NULL, 10);
	buf_release(&text);
	return value;
}
