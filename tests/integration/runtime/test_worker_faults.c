/* test_worker_faults.c: PostgreSQL, Kafka and other workers at their worst (faults F5, F7, F10, F12, F13, F15, F35). */
#include <criterion/criterion.h>

#include "clock.h"
#include "service.h"
#include "tap.h"
#include "toy.h"

TestSuite(worker_faults, .init = rig_make, .fini = rig_drop, .timeout = 90);

static bool names_postgres(void *worker)
{
	char missing[128] = "";

	worker_missing(worker, missing, sizeof(missing));
	return strstr(missing, "postgres");
}

Test(worker_faults, postgres_away_loses_nothing_and_buries_nothing)
{
	struct toy toy;
	struct worker *worker;

	toy_init(&toy);
	toy_make(5, false);
	worker = toy_worker(&toy, &(struct toy_worker){0});
	rig_ring(1);
	rig_expect(TOYS_DONE, 1);
	rig_postgres_away();
	for (int i = 2; i <= 5; i++)
		rig_ring(i);
	rig_wait(names_postgres, worker, "readyz names postgres");
	cr_expect(worker_is_alive(worker));
	rig_postgres_back();
	rig_expect(TOYS_DONE, 5);
	cr_expect_eq(database_count("SELECT count(*) FROM dead_letters"), 0);
	cr_expect_not(names_postgres(worker));
	toy_worker_close(worker);
}

Test(worker_faults, a_silent_postgres_holds_the_poll_thread_only_for_its_deadline)
{
	struct tap *tap = tap_open();
	struct toy toy;
	struct worker *worker;

	toy_init(&toy);
	toy_make(2, false);
	worker = toy_worker(&toy, &(struct toy_worker){.pg_url = tap_url(tap)});
	rig_ring(1);
	rig_expect(TOYS_DONE, 1);
	tap_set(tap, TAP_STALLS);
	rig_ring(2);
	rig_wait(names_postgres, worker, "readyz names postgres");
	cr_expect(worker_is_alive(worker));
	tap_set(tap, TAP_PASSES);
	rig_expect(TOYS_DONE, 2);
	toy_worker_close(worker);
	tap_close(tap);
}

Test(worker_faults, a_table_that_is_missing_for_a_moment_buries_nothing)
{
	struct toy toy;
	struct worker *worker;

	toy_init(&toy);
	toy_make(1, false);
	worker = toy_worker(&toy, &(struct toy_worker){.sweep_ms = 60000});
	rig_sql("ALTER TABLE toys RENAME TO toys_away");
	rig_ring(1);
	rig_wait(names_postgres, worker, "the claim failed");
	rig_sql("ALTER TABLE toys_away RENAME TO toys");
	rig_expect(TOYS_DONE, 1);
	cr_expect_eq(database_count("SELECT count(*) FROM dead_letters"), 0);
	toy_worker_close(worker);
}

/* They are there before the worker is, so that it claims them in one transaction. */
Test(worker_faults, a_message_without_a_row_spoils_nothing_for_those_around_it)
{
	struct toy toy;
	struct worker *worker;

	toy_init(&toy);
	toy_make(8, false);
	for (int i = 1; i <= 4; i++)
		rig_ring(i);
	rig_ring(99);
	for (int i = 5; i <= 8; i++)
		rig_ring(i);
	worker = toy_worker(&toy, &(struct toy_worker){.slots = 16});
	rig_expect(TOYS_DONE, 8);
	rig_expect("SELECT count(*) FROM dead_letters", 1);
	toy_worker_close(worker);
	cr_expect_eq(database_count("SELECT count(*) FROM toys WHERE claims > 1"), 0);
	cr_expect_eq(atomic_load(&toy.admitted) - atomic_load(&toy.unadmitted), 8,
		     "a budget was spent for nothing");
}

Test(worker_faults, a_claim_that_postgres_refuses_undoes_no_other_for_long)
{
	struct toy toy;
	struct worker *worker;

	toy_init(&toy);
	toy_make(6, false);
	rig_sql("ALTER TABLE toys ADD CHECK (id <> 4 OR state <> 'leased')");
	for (int i = 1; i <= 6; i++)
		rig_ring(i);
	worker = toy_worker(&toy, &(struct toy_worker){.slots = 16});
	rig_expect(TOYS_DONE, 5);
	rig_expect("SELECT count(*) FROM dead_letters WHERE reason LIKE 'pg_check%'", 1);
	toy_worker_close(worker);
	cr_expect_eq(database_count("SELECT count(*) FROM toys WHERE claims > 1"), 0);
	cr_expect_eq(atomic_load(&toy.admitted) - atomic_load(&toy.unadmitted), 5,
		     "a budget was spent for nothing");
}

Test(worker_faults, members_come_and_go_and_each_row_is_done_once)
{
	struct worker *first, *second, *third;
	struct toy toy;

	toy_init(&toy);
	toy_make(300, false);
	first = toy_worker(&toy, &(struct toy_worker){.slots = 4});
	for (int i = 1; i <= 100; i++)
		rig_ring(i);
	second = toy_worker(&toy, &(struct toy_worker){.slots = 4});
	for (int i = 101; i <= 200; i++)
		rig_ring(i);
	toy_worker_close(first);
	third = toy_worker(&toy, &(struct toy_worker){.slots = 4});
	for (int i = 201; i <= 300; i++)
		rig_ring(i);
	rig_expect(TOYS_DONE, 300);
	cr_expect_eq(database_count(TOYS_DONE_MORE), 0);
	cr_expect_eq(database_count("SELECT max(claims) FROM toys"), 1);
	toy_worker_close(second);
	toy_worker_close(third);
}

Test(worker_faults, a_dead_workers_lease_ends_and_another_takes_over)
{
	struct toy dead, alive;
	struct worker *first, *second;

	toy_init(&dead);
	toy_make(1, true);
	dead.lease_ms = 300;
	toy_hold(&dead, true);
	first = toy_worker(&dead, &(struct toy_worker){.deaf = true, .slots = 1});
	rig_expect("SELECT claims FROM toys", 1);
	worker_stop(first);
	alive = (struct toy){.lease_ms = 60000};
	monitor_init(&alive.monitor);
	second = toy_worker(&alive, &(struct toy_worker){.deaf = true});
	rig_expect(TOYS_DONE, 1);
	cr_expect_eq(database_count("SELECT claims FROM toys"), 2);
	toy_hold(&dead, false);
	toy_worker_close(first);
	toy_worker_close(second);
	cr_expect_eq(database_count(TOYS_DONE_MORE), 0);
}

Test(worker_faults, a_worker_without_a_broker_sweeps_on_and_says_what_is_missing)
{
	int64_t deadline = deadline_in_ms(RIG_WAIT_MS);
	char missing[128] = "";
	struct worker *worker;
	struct toy toy;

	toy_init(&toy);
	toy_make(10, true);
	worker = toy_worker(&toy, &(struct toy_worker){.bootstrap = "127.0.0.1:1"});
	rig_expect(TOYS_DONE, 10);
	while (!strstr(missing, "kafka") && deadline_left_ms(deadline))
		worker_missing(worker, missing, sizeof(missing));
	cr_expect_str_eq(missing, "kafka");
	cr_expect(worker_is_alive(worker));
	toy_worker_close(worker);
}

Test(worker_faults, an_outcome_that_breaks_a_rule_stops_the_process)
{
	int64_t deadline = deadline_in_ms(RIG_WAIT_MS);
	struct worker *worker;
	struct toy toy;

	toy_init(&toy);
	toy_make(1, true);
	toy.outcome = ERR_FATAL;
	worker = toy_worker(&toy, &(struct toy_worker){.deaf = true});
	rig_expect(TOYS_DONE, 1);
	while (!service_is_stopping() && deadline_left_ms(deadline))
		;
	cr_expect(service_is_stopping());
	toy_worker_close(worker);
}
