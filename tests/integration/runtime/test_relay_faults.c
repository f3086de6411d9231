/* test_relay_faults.c: a broker at its worst (faults F4, F5, F6). On librdkafka's test broker, which fails on demand. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "rig.h"

#define PRODUCE     0 /* Kafka's API key */
#define OUTBOX_ROWS "SELECT count(*) FROM outbox"

TestSuite(relay_faults, .init = rig_make_with_mock, .fini = rig_drop, .timeout = 90);

static void put(const char *aggregate, int first, int count, int payload_bytes)
{
	char sql[400];

	snprintf(
		sql, sizeof(sql),
		"INSERT INTO outbox (aggregatetype, aggregateid, type, payload) SELECT '%s', n::text, 'unbook.checkout.check.v1',"
		" '{\"bookingId\":' || n || ',\"x\":\"' || repeat('x', %d) || '\"}' FROM generate_series(%d, %d) n",
		aggregate, payload_bytes, first, first + count - 1);
	rig_sql(sql);
}

static bool names_kafka(void *relay)
{
	char missing[64];

	relay_missing(relay, missing, sizeof(missing));
	return strstr(missing, "kafka");
}

static bool is_ready(void *relay)
{
	char missing[64];

	relay_missing(relay, missing, sizeof(missing));
	return !missing[0];
}

Test(relay_faults, a_broker_that_is_away_keeps_the_rows_and_gets_them_later)
{
	struct relay *relay = rig_relay();

	put("checkout", 1, 1, 0);
	rig_expect(OUTBOX_ROWS, 0);
	rd_kafka_mock_broker_set_down(rig.mock, 1);
	put("checkout", 2, 20, 0);
	rig_wait(names_kafka, relay, "readyz names kafka");
	cr_expect_eq(database_count(OUTBOX_ROWS), 20);
	cr_expect(relay_is_alive(relay));
	rd_kafka_mock_broker_set_up(rig.mock, 1);
	rig_expect(OUTBOX_ROWS, 0);
	rig_wait(is_ready, relay, "kafka is back");
	rig_relay_close(relay);
}

Test(relay_faults, a_broker_that_was_never_there_does_not_keep_anybody_from_starting)
{
	struct relay *relay;

	rd_kafka_mock_broker_set_down(rig.mock, 1);
	put("checkout", 1, 5, 0);
	relay = rig_relay();
	rig_wait(names_kafka, relay, "readyz names kafka");
	rd_kafka_mock_broker_set_up(rig.mock, 1);
	rig_expect(OUTBOX_ROWS, 0);
	rig_relay_close(relay);
}

Test(relay_faults, without_a_broker_it_closes_soon_and_the_rows_stay)
{
	struct relay *relay;

	rd_kafka_mock_broker_set_down(rig.mock, 1);
	put("checkout", 1, 5, 0);
	relay = rig_relay();
	rig_wait(names_kafka, relay, "readyz names kafka");
	cr_expect(relay_close(relay, deadline_in_ms(3500)), "one look for the broker, not two");
	cr_expect_eq(database_count(OUTBOX_ROWS), 5);
}

Test(relay_faults, a_producer_that_went_fatal_is_replaced_and_every_row_arrives)
{
	struct relay *relay = rig_relay();

	put("checkout", 1, 1, 0);
	rig_expect(OUTBOX_ROWS, 0);
	rd_kafka_mock_push_request_errors(rig.mock, PRODUCE, 1,
					  RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
	put("checkout", 2, 100, 0);
	rig_expect(OUTBOX_ROWS, 0);
	cr_expect_geq(rig_metric("unbook_kafka_producer_rebuilds_total "), 1);
	rig_relay_close(relay);
}

Test(relay_faults, what_the_broker_refuses_for_ever_is_parked_and_the_rest_goes_on)
{
	struct relay *relay;

	put("checkout", 1, 3, 0);
	put("checkout", 4, 20, 1200000);
	put("sessions", 24, 2, 0);
	put("checkout", 26, 3, 0);
	relay = rig_relay();
	rig_expect(OUTBOX_ROWS, 0);
	cr_expect_eq(
		database_count(
			"SELECT count(*) FROM dead_letters WHERE partition = -1 AND length(bytes) > 1200000"),
		20);
	cr_expect_eq(
		database_count(
			"SELECT count(*) FROM dead_letters WHERE topic = 'sessions' AND reason = 'unknown_aggregate'"),
		2);
	cr_expect_eq(database_count("SELECT count(*) FROM dead_letters"), 22);
	rig_relay_close(relay);
}

Test(relay_faults, a_topic_that_vanished_is_made_again)
{
	struct relay *relay = rig_relay();

	put("checkout", 1, 1, 0);
	rig_expect(OUTBOX_ROWS, 0);
	rd_kafka_mock_push_request_errors(rig.mock, PRODUCE, 2, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
					  RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	put("checkout", 2, 5, 0);
	rig_expect(OUTBOX_ROWS, 0);
	rig_relay_close(relay);
}
