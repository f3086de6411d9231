/* test_breaker.c: when a peer is given up, and when it is asked again. */
#include <criterion/criterion.h>

#include "breaker.h"

static struct clock_settable now;
static struct breaker breaker;

static void make(void)
{
	clock_settable_init(&now, (struct instant){1000000000});
	breaker_init(&breaker, &(struct breaker_options){.name = "peer",
							 .failures_max = 3,
							 .open_min_ms = 1000,
							 .open_max_ms = 4000,
							 .probe_ms = 10000,
							 .clock = &now.clock});
}

static void drop(void)
{
	breaker_release(&breaker);
}

TestSuite(breaker, .init = make, .fini = drop);

static void pass_ms(int64_t ms)
{
	now.at.us += ms * 1000;
}

static void fail(int times)
{
	for (int i = 0; i < times; i++)
		breaker_failed(&breaker);
}

Test(breaker, admits_all_while_it_is_closed)
{
	fail(2);
	cr_expect_eq(breaker_admit_ms(&breaker), 0);
	cr_expect_eq(breaker_admit_ms(&breaker), 0);
	cr_expect_not(breaker_is_open(&breaker));
}

Test(breaker, opens_after_failures_in_a_row)
{
	fail(2);
	breaker_succeeded(&breaker);
	fail(2);
	cr_expect_not(breaker_is_open(&breaker), "a success between them starts the count again");
	fail(1);
	cr_expect(breaker_is_open(&breaker));
	cr_expect_eq(breaker_admit_ms(&breaker), 1000);
}

Test(breaker, opens_at_once_when_credentials_are_refused)
{
	breaker_refused(&breaker);
	cr_expect(breaker_is_open(&breaker));
}

Test(breaker, lets_one_probe_pass_and_closes_when_it_succeeds)
{
	fail(3);
	pass_ms(1000);
	cr_expect_eq(breaker_admit_ms(&breaker), 0, "the probe");
	cr_expect_gt(breaker_admit_ms(&breaker), 0, "nobody beside the probe");
	breaker_succeeded(&breaker);
	cr_expect_eq(breaker_admit_ms(&breaker), 0);
	cr_expect_not(breaker_is_open(&breaker));
}

Test(breaker, waits_twice_as_long_after_each_failed_probe_up_to_a_limit)
{
	static const int64_t waits[] = {1000, 2000, 4000, 4000};

	fail(3);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		cr_expect_eq(breaker_admit_ms(&breaker), waits[i], "opening %zu", i);
		pass_ms(waits[i]);
		cr_expect_eq(breaker_admit_ms(&breaker), 0);
		fail(1);
	}
}

Test(breaker, is_not_held_open_longer_by_failures_of_what_was_under_way)
{
	fail(3);
	pass_ms(500);
	fail(10);
	cr_expect_eq(breaker_admit_ms(&breaker), 500);
}

Test(breaker, probes_again_when_the_probe_was_not_used)
{
	fail(3);
	pass_ms(1000);
	cr_expect_eq(breaker_admit_ms(&breaker), 0);
	breaker_unadmit(&breaker);
	cr_expect_eq(breaker_admit_ms(&breaker), 0);
}

Test(breaker, gives_a_silent_probe_up)
{
	fail(3);
	pass_ms(1000);
	cr_expect_eq(breaker_admit_ms(&breaker), 0);
	pass_ms(9999);
	cr_expect_gt(breaker_admit_ms(&breaker), 0);
	pass_ms(1);
	cr_expect_eq(breaker_admit_ms(&breaker), 0);
}
