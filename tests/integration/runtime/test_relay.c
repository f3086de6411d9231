/* test_relay.c: what is in the outbox comes into its topic, whole and in good form. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "outbox.h"
#include "rig.h"

#define SEEN_MAX 4000

TestSuite(relay, .init = rig_make, .fini = rig_drop, .timeout = 90);

#define OUTBOX_ROWS "SELECT count(*) FROM outbox"

static void fill(int count)
{
	char sql[400];

	snprintf(
		sql, sizeof(sql),
		"INSERT INTO outbox (aggregatetype, aggregateid, type, payload) SELECT 'checkout', n::text, 'unbook.checkout.check.v1',"
		" json_build_object('bookingId', n)::text FROM generate_series(1, %d) n",
		count);
	rig_sql(sql);
}

/* A group of its own: tests run beside each other, and a member that comes or goes takes the partitions from all. */
static struct kafka_consumer *reader(const char *name)
{
	char topic[128], group[128];
	const char *topics[] = {topic};
	struct kafka_consumer_options options = {.kafka = {.bootstrap = rig.bootstrap, .client_id = "test"},
						 .group = group,
						 .topics = topics,
						 .topic_count = 1};
	struct kafka_consumer *consumer = NULL;
	struct err err = {0};

	snprintf(topic, sizeof(topic), "%sunbook.checkouts", rig.prefix);
	snprintf(group, sizeof(group), "%s%s", rig.prefix, name);
	ASSERT_OK(kafka_consumer_open(&options, &consumer, &err), err);
	return consumer;
}

/* Reads until each id from 1 to count was seen; returns how many records it took. */
static int read_all(int count, void (*check)(const struct kafka_message *message))
{
	static bool seen[SEEN_MAX];
	struct kafka_consumer *consumer = reader("readers");
	int64_t deadline = deadline_in_ms(RIG_WAIT_MS);
	int records = 0, distinct = 0;

	while (distinct < count) {
		struct kafka_message message;
		struct err err = {0};
		bool got = false;
		long id;

		cr_assert(deadline_left_ms(deadline), "%d of %d came", distinct, count);
		ASSERT_OK(kafka_consumer_poll(consumer, 100, &got, &message, &err), err);
		if (!got)
			continue;
		id = strtol(message.key, NULL, 10);
		cr_assert(id > 0 && id < SEEN_MAX);
		distinct += !seen[id];
		seen[id] = true;
		records++;
		if (check)
			check(&message);
	}
	kafka_consumer_close(consumer, deadline_in_ms(5000));
	return records;
}

static void check_form(const struct kafka_message *message)
{
	struct event_header headers[KAFKA_HEADERS_MAX];
	struct event_record record = {.topic = "unbook.checkouts",
				      .value = message->value,
				      .value_len = message->value_len,
				      .headers = headers,
				      .header_count = (size_t)message->header_count};
	struct event event = {0};
	struct err err = {0};
	struct arena arena;
	int found = 0;

	for (int i = 0; i < message->header_count; i++) {
		headers[i] = (struct event_header){message->headers[i].name, message->headers[i].value,
						   message->headers[i].len};
		found += !strcmp(headers[i].name, "ce_source") && !memcmp(headers[i].value, "/unbook/", 8);
		found += !strcmp(headers[i].name, "content-type")
			 && !memcmp(headers[i].value, "application/json", 16);
	}
	arena_init(&arena, 64u << 10);
	ASSERT_OK(event_decode(&record, &arena, &event, &err), err);
	cr_expect_eq(found, 2);
	cr_expect_eq(event.booking_id, 1);
	cr_expect_str_eq(event.traceparent, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
	cr_expect_not(instant_is_none(event.at));
	arena_release(&arena);
}

Test(relay, an_event_arrives_as_a_cloudevent_under_the_bookings_key)
{
	const struct outbox_row row = {.aggregatetype = "checkout",
				       .booking_id = 1,
				       .type = "unbook.checkout.check.v1",
				       .payload = "{\"bookingId\":1}",
				       .traceparent =
					       "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(0);
	struct relay *relay = rig_relay();
	struct err err = {0};

	ASSERT_OK(outbox_queue(pg, &row, &err), err);
	ASSERT_OK(pg_run(pg, &results, &err), err);
	relay_poke(relay);
	read_all(1, check_form);
	rig_expect(OUTBOX_ROWS, 0);
	rig_relay_close(relay);
	pg_close(pg);
}

Test(relay, many_batches_leave_completely)
{
	struct relay *relay;

	fill(3000);
	relay = rig_relay();
	rig_expect(OUTBOX_ROWS, 0);
	cr_expect_eq(read_all(3000, NULL), 3000);
	rig_relay_close(relay);
	cr_expect_eq(rig_metric("unbook_outbox_relayed_total "), 3000);
}

Test(relay, two_relays_lose_nothing)
{
	struct relay *one = rig_relay(), *other = rig_relay();

	for (int i = 0; i < 5; i++) {
		relay_poke(i % 2 ? one : other);
		fill(600);
	}
	relay_poke(one);
	relay_poke(other);
	rig_expect(OUTBOX_ROWS, 0);
	read_all(600, NULL);
	rig_relay_close(one);
	rig_relay_close(other);
	cr_expect_eq(rig_metric("unbook_outbox_relayed_total "), 3000);
}

Test(relay, what_the_last_jobs_committed_leaves_before_the_close)
{
	struct relay *relay = rig_relay();

	fill(1);
	rig_expect(OUTBOX_ROWS, 0);
	fill(1200);
	rig_relay_close(relay);
	cr_expect_eq(database_count(OUTBOX_ROWS), 0);
}

Test(relay, a_terminated_connection_is_replaced)
{
	struct relay *relay = rig_relay();

	fill(1);
	rig_expect(OUTBOX_ROWS, 0);
	rig_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'unbook relay'"
		" AND datname = current_database()");
	fill(50);
	rig_expect(OUTBOX_ROWS, 0);
	rig_relay_close(relay);
	read_all(50, NULL);
}

static bool names_postgres(void *relay)
{
	char missing[64];

	relay_missing(relay, missing, sizeof(missing));
	return strstr(missing, "postgres");
}

Test(relay, postgres_away_is_named_and_waited_for)
{
	struct relay *relay = rig_relay();

	rig_postgres_away();
	rig_wait(names_postgres, relay, "readyz names postgres");
	rig_postgres_back();
	fill(10);
	rig_expect(OUTBOX_ROWS, 0);
	cr_expect_not(names_postgres(relay));
	rig_relay_close(relay);
}
