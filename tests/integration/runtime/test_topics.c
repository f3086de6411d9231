/* test_topics.c: what comes through the topics, case by case (tests/data/topics; faults.md 2.2): a bad record is one dead letter and
 * holds nothing up. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "clock.h"
#include "str.h"
#include "topic_case.h"
#include "toy.h"

TestSuite(topics, .init = rig_make, .fini = rig_drop, .timeout = 90);

static struct topic_case cases[TOPIC_CASES_MAX];

static enum err_kind claim_nothing(void *context, struct pg *db, const struct event *event, struct job *job,
				   struct err *err)
{
	(void)context, (void)db, (void)event, (void)job, (void)err;
	return ERR_OK;
}

static enum err_kind perform_nothing(void *context, struct pg_pool *db, const struct job *job,
				     struct err *err)
{
	(void)context, (void)db, (void)job, (void)err;
	return ERR_OK;
}

static struct worker *listener(void)
{
	static const char *const topics[] = {"unbook.bookings", "unbook.refunds", "unbook.checkouts",
					     "stripe.events", NULL};
	const struct worker_handler handler = {
		.name = "listener", .topics = topics, .claim = claim_nothing, .perform = perform_nothing};
	const struct worker_options options = {.group = "listeners",
					       .kafka_bootstrap = rig.bootstrap,
					       .topic_prefix = rig.prefix,
					       .slots = 2,
					       .sweep_ms = 1000,
					       .pg_url = database_url,
					       .db = rig.pool};
	struct worker *worker = NULL;
	struct err err = {0};

	ASSERT_OK(worker_open(&options, &handler, 1, &worker, &err), err);
	return worker;
}

static bool nothing_is_left(void *unused)
{
	static const char *const topics[] = {"unbook.bookings", "unbook.refunds", "unbook.checkouts",
					     "stripe.events"};
	int64_t lag = rig_metric("unbook_kafka_partitions_assigned ") == 16 ? 0 : 1;
	char start[200];

	(void)unused;
	for (size_t i = 0; i < 4; i++) {
		snprintf(start, sizeof(start), "unbook_kafka_lag_messages{topic=\"%s%s\"}", rig.prefix,
			 topics[i]);
		lag += rig_metric(start) != 0;
	}
	return lag == 0;
}

static int send_all(int count)
{
	int refused = 0;

	for (int i = 0; i < count; i++) {
		rig_send(&cases[i].record, cases[i].key);
		refused += json_object_get(cases[i].expect, "code") != NULL;
	}
	return refused;
}

static void check_reasons(int count)
{
	for (int i = 0; i < count; i++) {
		const char *code = json_string_value(json_object_get(cases[i].expect, "code"));
		char sql[256];

		if (!code)
			continue;
		snprintf(sql, sizeof(sql), "SELECT count(*) FROM dead_letters WHERE reason LIKE '%s: %%'",
			 code);
		cr_expect_gt(database_count(sql), 0, "%s: no dead letter says %s", cases[i].name, code);
	}
}

Test(topics, a_bad_record_becomes_one_dead_letter_and_the_lag_ends_at_zero)
{
	struct worker *worker;
	struct arena arena;
	int count, refused;

	arena_init(&arena, 16u << 20);
	count = topic_cases_load(UNBOOK_SOURCE_DIR "/tests/data/topics", &arena, cases);
	refused = send_all(count);
	worker = listener();
	rig_expect("SELECT count(*) FROM dead_letters", refused);
	check_reasons(count);
	rig_wait(nothing_is_left, NULL, "lag 0");
	cr_expect_gt(rig_metric("unbook_dead_letters_total"), 0);
	toy_worker_close(worker);
	worker = listener();
	rig_wait(nothing_is_left, NULL, "lag 0 again");
	cr_expect_eq(database_count("SELECT count(*) FROM dead_letters"), refused);
	toy_worker_close(worker);
	topic_cases_release(cases, count);
	arena_release(&arena);
}

Test(topics, an_event_about_an_unknown_row_is_a_dead_letter)
{
	struct worker *worker;
	struct toy toy;

	toy_init(&toy);
	toy_make(1, false);
	worker = toy_worker(&toy, &(struct toy_worker){0});
	rig_ring(404);
	rig_ring(1);
	rig_expect(TOYS_DONE, 1);
	rig_expect(
		"SELECT count(*) FROM dead_letters WHERE reason LIKE 'unknown_row: toy 404' AND key = '404'"
		" AND headers::jsonb ->> 'ce_type' = 'unbook.checkout.check.v1'",
		1);
	toy_worker_close(worker);
}

Test(topics, a_bad_record_waits_for_postgres_and_is_not_lost)
{
	struct worker *worker;
	struct toy toy;

	toy_init(&toy);
	toy_make(1, false);
	rig_ring(404);
	rig_postgres_away();
	worker = toy_worker(&toy, &(struct toy_worker){0});
	rig_postgres_back();
	rig_expect("SELECT count(*) FROM dead_letters", 1);
	toy_worker_close(worker);
}
