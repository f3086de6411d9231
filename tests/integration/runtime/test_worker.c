/* test_worker.c: ring or sweep, claim, store, perform, in good weather. */
#include <criterion/criterion.h>

#include "clock.h"
#include "toy.h"

TestSuite(worker, .init = rig_make, .fini = rig_drop, .timeout = 90);

Test(worker, a_message_rings_for_its_row)
{
	struct toy toy;
	struct worker *worker;

	toy_init(&toy);
	toy_make(1, false);
	worker = toy_worker(&toy, &(struct toy_worker){0});
	rig_ring(1);
	rig_expect(TOYS_DONE, 1);
	cr_expect(worker_is_alive(worker));
	toy_worker_close(worker);
}

Test(worker, without_any_kafka_the_sweep_does_all_the_work)
{
	struct toy toy;
	struct worker *worker;

	toy_init(&toy);
	toy_make(100, true);
	worker = toy_worker(&toy, &(struct toy_worker){.deaf = true, .slots = 4});
	rig_expect(TOYS_DONE, 100);
	toy_worker_close(worker);
	cr_expect_eq(database_count(TOYS_DONE_MORE), 0);
	cr_expect_leq(atomic_load(&toy.most_inside), 4);
}

Test(worker, a_long_backlog_is_swept_as_fast_as_slots_are_free)
{
	int64_t started_ms;
	struct toy toy;
	struct worker *worker;

	toy_init(&toy);
	toy_make(200, true);
	started_ms = deadline_in_ms(0);
	worker = toy_worker(&toy, &(struct toy_worker){.deaf = true, .slots = 2, .sweep_ms = 10000});
	rig_expect(TOYS_DONE, 200);
	cr_expect_lt(deadline_in_ms(0) - started_ms, 7000);
	toy_worker_close(worker);
}

Test(worker, nothing_is_claimed_without_a_free_slot)
{
	struct toy toy;
	struct worker *worker;

	toy_init(&toy);
	toy_make(30, false);
	toy_hold(&toy, true);
	worker = toy_worker(&toy, &(struct toy_worker){.slots = 3});
	for (int i = 1; i <= 30; i++)
		rig_ring(i);
	rig_expect("SELECT count(*) FROM toys WHERE claims > 0", 3);
	rig_expect_still("SELECT count(*) FROM toys WHERE claims > 0", 3, 500);
	cr_expect(worker_is_alive(worker));
	toy_hold(&toy, false);
	rig_expect(TOYS_DONE, 30);
	toy_worker_close(worker);
	cr_expect_eq(database_count(TOYS_DONE_MORE), 0);
	cr_expect_leq(atomic_load(&toy.most_inside), 3);
}

Test(worker, duplicates_in_any_order_are_done_once)
{
	struct toy toy;
	struct worker *worker;

	toy_init(&toy);
	toy_make(20, false);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 20; i++)
			rig_ring(1 + (i * 7 + round * 5) % 20);
	}
	worker = toy_worker(&toy, &(struct toy_worker){0});
	rig_expect(TOYS_DONE, 20);
	rig_ring(3);
	rig_expect_still("SELECT coalesce(max(claims), 0) FROM toys", 1, 300);
	toy_worker_close(worker);
}

Test(worker, what_was_stored_is_not_delivered_again)
{
	struct toy toy;
	struct worker *worker;

	toy_init(&toy);
	toy_make(10, false);
	worker = toy_worker(&toy, &(struct toy_worker){0});
	for (int i = 1; i <= 10; i++)
		rig_ring(i);
	rig_expect(TOYS_DONE, 10);
	toy_worker_close(worker);
	rig_sql("UPDATE toys SET state = 'open', done = 0");
	rig_sql("INSERT INTO toys (id, next_try_at) VALUES (11, clock_timestamp() + interval '1 hour')");
	worker = toy_worker(&toy, &(struct toy_worker){0});
	rig_ring(11);
	rig_expect("SELECT done FROM toys WHERE id = 11", 1);
	cr_expect_eq(database_count(TOYS_DONE), 1, "an offset was lost");
	toy_worker_close(worker);
}

Test(worker, work_waits_while_its_budget_is_spent)
{
	struct toy toy;
	struct worker *worker;

	toy_init(&toy);
	toy_make(2, true);
	atomic_store(&toy.wait_ms, 100);
	worker = toy_worker(&toy, &(struct toy_worker){0});
	rig_ring(1);
	rig_expect_still("SELECT count(*) FROM toys WHERE claims > 0", 0, 500);
	atomic_store(&toy.wait_ms, 0);
	rig_expect(TOYS_DONE, 2);
	toy_worker_close(worker);
	cr_expect_eq(atomic_load(&toy.admitted) - atomic_load(&toy.unadmitted), 2,
		     "a budget was spent for nothing");
}

/* After a burst that the sweep worked off, its messages stand before every fresh one: at a unit each, 50 ms apart, they would outlast
 * this test. */
Test(worker, messages_whose_rows_are_done_cost_no_budget)
{
	struct toy toy;
	struct worker *worker;

	toy_init(&toy);
	toy_make(11, false);
	rig_sql("UPDATE toys SET state = 'done' WHERE id <= 10");
	toy.units = 1;
	for (int i = 0; i < 900; i++)
		rig_ring(1 + i % 10);
	rig_ring(11);
	worker = toy_worker(&toy, &(struct toy_worker){.sweep_ms = 600000});
	rig_expect("SELECT count(*) FROM toys WHERE done = 1", 1);
	toy_worker_close(worker);
	cr_expect_eq(atomic_load(&toy.admitted) - atomic_load(&toy.unadmitted), 1);
}

Test(worker, a_breaker_that_is_open_is_named_by_readyz)
{
	char missing[128] = "";
	struct toy toy;
	struct worker *worker;
	int64_t deadline = deadline_in_ms(RIG_WAIT_MS);

	toy_init(&toy);
	toy_make(1, true);
	atomic_store(&toy.wait_ms, 3000);
	worker = toy_worker(&toy, &(struct toy_worker){.deaf = true});
	while (!strstr(missing, "toy held back") && deadline_left_ms(deadline))
		worker_missing(worker, missing, sizeof(missing));
	cr_expect_str_eq(missing, "toy held back");
	atomic_store(&toy.wait_ms, 0);
	rig_expect(TOYS_DONE, 1);
	worker_missing(worker, missing, sizeof(missing));
	cr_expect_str_empty(missing);
	toy_worker_close(worker);
}

Test(worker, a_stop_claims_nothing_more_and_finishes_what_is_in_flight)
{
	struct toy toy;
	struct worker *worker;

	toy_init(&toy);
	toy_make(10, true);
	toy_hold(&toy, true);
	worker = toy_worker(&toy, &(struct toy_worker){.slots = 2});
	rig_expect("SELECT count(*) FROM toys WHERE claims > 0", 2);
	worker_stop(worker);
	cr_expect_not(worker_close(worker, deadline_in_ms(200)), "two jobs are still at work");
	toy_hold(&toy, false);
	toy_worker_close(worker);
	cr_expect_eq(database_count(TOYS_DONE), 2);
	cr_expect_eq(database_count("SELECT count(*) FROM toys WHERE claims > 0"), 2);
}
