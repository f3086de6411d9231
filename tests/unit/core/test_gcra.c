#include <criterion/criterion.h>

#include "gcra.h"

Test(gcra, a_burst_goes_at_once_and_then_one_unit_each_interval)
{
	struct gcra share = gcra_share(1, 60, 1);
	double full_at_ms = 0;
	int64_t now_ms = 5000;

	for (int i = 0; i < 60; i++)
		cr_assert_eq(gcra_take_ms(&share, &full_at_ms, now_ms), 0, "%d", i);
	cr_expect_eq(gcra_take_ms(&share, &full_at_ms, now_ms), 1000);
	cr_expect_eq(gcra_take_ms(&share, &full_at_ms, now_ms + 999), 1);
	cr_expect_eq(gcra_take_ms(&share, &full_at_ms, now_ms + 1000), 0);
	cr_expect_eq(gcra_take_ms(&share, &full_at_ms, now_ms + 1000), 1000);
}

Test(gcra, the_bucket_is_full_again_after_a_rest_and_never_fuller)
{
	struct gcra share = gcra_share(10, 5, 1);
	double full_at_ms = 0;

	for (int64_t now_ms = 1000; now_ms < 100000; now_ms += 30000)
		for (int i = 0; i < 6; i++)
			cr_expect_eq(gcra_take_ms(&share, &full_at_ms, now_ms), i < 5 ? 0 : 100);
}

Test(gcra, what_several_processes_take_adds_up_to_the_rate)
{
	for (int replicas = 1; replicas <= 4; replicas++) {
		struct gcra share = gcra_share(20, 1, replicas);
		double full_at_ms = 0;
		int taken = 0;

		for (int64_t now_ms = 1; now_ms <= 10000; now_ms++)
			taken += gcra_take_ms(&share, &full_at_ms, now_ms) == 0;
		cr_expect(taken * replicas >= 200 && taken * replicas < 200 + replicas,
			  "%d processes took %d each", replicas, taken);
	}
}
