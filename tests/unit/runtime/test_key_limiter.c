/* test_key_limiter.c: what one process keeps to for many keys without Redis. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "key_limiter.h"

static struct clock_settable watch;

static struct key_limiter *open_limiter(int64_t per_minute, int replicas)
{
	struct key_limiter *limiter = NULL;
	struct err err = {0};

	clock_settable_init(&watch, (struct instant){1000000});
	cr_assert_eq(key_limiter_open(&(struct key_limiter_options){.name = "calls",
								    .prefix = "unbook:test:",
								    .per_minute = per_minute,
								    .replicas = replicas,
								    .clock = &watch.clock},
				      &limiter, &err),
		     ERR_OK);
	return limiter;
}

/* How many of so many calls in a row pass. */
static int admitted(struct key_limiter *limiter, const char *key, int calls)
{
	int count = 0;

	for (int i = 0; i < calls; i++)
		count += key_limiter_admit_ms(limiter, key) == 0;
	return count;
}

Test(key_limiter, a_minutes_budget_may_go_at_once_and_comes_back_bit_by_bit)
{
	struct key_limiter *limiter = open_limiter(60, 1);

	cr_expect_eq(admitted(limiter, "anna", 200), 60);
	cr_expect_eq(key_limiter_admit_ms(limiter, "anna"), 1000);
	watch.at.us += 3000000;
	cr_expect_eq(admitted(limiter, "anna", 200), 3);
	watch.at.us += 3600 * INT64_C(1000000);
	cr_expect_eq(admitted(limiter, "anna", 200), 60);
	key_limiter_close(limiter);
}

Test(key_limiter, one_key_does_not_pay_for_another)
{
	struct key_limiter *limiter = open_limiter(10, 1);

	cr_expect_eq(admitted(limiter, "anna", 100), 10);
	cr_expect_eq(admitted(limiter, "bert", 100), 10);
	key_limiter_close(limiter);
}

Test(key_limiter, each_process_keeps_to_its_share)
{
	struct key_limiter *limiter = open_limiter(60, 4);

	cr_expect_eq(admitted(limiter, "anna", 100), 15);
	key_limiter_close(limiter);
}

Test(key_limiter, without_a_limit_all_pass)
{
	struct key_limiter *limiter = open_limiter(0, 1);

	cr_expect_eq(admitted(limiter, "anna", 1000), 1000);
	cr_expect_eq(admitted(NULL, "anna", 10), 10);
	key_limiter_close(limiter);
}

Test(key_limiter, a_hundred_thousand_other_keys_do_not_free_who_floods)
{
	struct key_limiter *limiter = open_limiter(60, 1);
	char key[32];

	cr_expect_eq(admitted(limiter, "flood", 60), 60);
	for (int i = 0; i < 100000; i++) {
		(void)snprintf(key, sizeof key, "key %d", i);
		cr_assert_eq(key_limiter_admit_ms(limiter, key), 0);
	}
	cr_expect_gt(key_limiter_admit_ms(limiter, "flood"), 0);
	key_limiter_close(limiter);
}
