/* test_limiter.c: the share that a process keeps to without Redis. */
#include <criterion/criterion.h>

#include "limiter.h"

static struct clock_settable now;
static struct limiter limiter;

static void make(double rate_per_s, int burst, int replicas)
{
	clock_settable_init(&now, (struct instant){1000000000});
	limiter_init(&limiter, &(struct limiter_options){.name = "calls",
							 .rate_per_s = rate_per_s,
							 .burst = burst,
							 .replicas = replicas,
							 .clock = &now.clock});
}

/* How many calls are admitted within so long by somebody who waits exactly as told. */
static int admitted_within_ms(int64_t ms)
{
	int64_t end_us = now.at.us + ms * 1000;
	int admitted = 0;

	while (now.at.us < end_us) {
		int64_t wait_ms = limiter_admit_ms(&limiter);

		admitted += wait_ms == 0;
		now.at.us += wait_ms * 1000;
	}
	return admitted;
}

Test(limiter, admits_its_rate_and_no_more)
{
	make(20, 1, 1);
	cr_expect_eq(admitted_within_ms(10000), 200);
	limiter_release(&limiter);
}

Test(limiter, keeps_to_its_share_of_the_rate)
{
	make(20, 1, 4);
	cr_expect_eq(admitted_within_ms(10000), 50);
	limiter_release(&limiter);
}

Test(limiter, lets_a_burst_pass_at_once)
{
	make(10, 3, 1);
	for (int i = 0; i < 3; i++)
		cr_expect_eq(limiter_admit_ms(&limiter), 0);
	cr_expect_gt(limiter_admit_ms(&limiter), 0);
	limiter_release(&limiter);
}

Test(limiter, without_a_rate_admits_all)
{
	make(0, 0, 0);
	for (int i = 0; i < 1000; i++)
		cr_expect_eq(limiter_admit_ms(&limiter), 0);
	limiter_release(&limiter);
}

Test(limiter, a_unit_that_was_given_back_is_used_first)
{
	make(1, 1, 1);
	cr_expect_eq(limiter_admit_ms(&limiter), 0);
	limiter_unadmit(&limiter);
	cr_expect_eq(limiter_admit_ms(&limiter), 0);
	cr_expect_gt(limiter_admit_ms(&limiter), 0);
	limiter_release(&limiter);
}

Test(limiter, a_unit_cannot_be_saved_for_later)
{
	make(0.1, 1, 1);
	cr_expect_eq(limiter_admit_ms(&limiter), 0);
	limiter_unadmit(&limiter);
	now.at.us += 2001000;
	cr_expect_gt(limiter_admit_ms(&limiter), 0);
	limiter_release(&limiter);
}

Test(limiter, giving_back_again_and_again_makes_no_unit_younger)
{
	make(0.01, 1, 1);
	cr_expect_eq(limiter_admit_ms(&limiter), 0);
	for (int i = 0; i < 19; i++) {
		limiter_unadmit(&limiter);
		now.at.us += 100000;
		cr_expect_eq(limiter_admit_ms(&limiter), 0);
	}
	limiter_unadmit(&limiter);
	now.at.us += 200000;
	cr_expect_gt(limiter_admit_ms(&limiter), 0);
	limiter_release(&limiter);
}
