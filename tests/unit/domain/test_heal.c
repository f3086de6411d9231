/* Which span of Stripe's lists is compared with the tables next. */
#include <criterion/criterion.h>

#include "heal.h"

#define MINUTE_US (60LL * 1000000)
#define DAY_US    (24 * 60 * MINUTE_US)

static const struct instant now = {1700000000LL * 1000000};

static struct instant ago(int64_t us)
{
	return (struct instant){now.us - us};
}

static void expect(enum heal_pass pass, struct instant done_until, struct instant began, struct instant from)
{
	struct heal_span span = heal_span(pass, done_until, began, now, 5 * MINUTE_US);

	cr_expect_eq(span.until.us, ago(5 * MINUTE_US).us);
	cr_expect_eq(span.from.us, from.us, "%s: %lld us too late", heal_pass_name(pass),
		     (long long)(span.from.us - from.us));
}

Test(heal, the_first_span_begins_with_the_database)
{
	for (enum heal_pass pass = HEAL_EVENTS; pass <= HEAL_ALL_DISPUTES; pass++)
		expect(pass, INSTANT_NONE, ago(DAY_US), ago(DAY_US + HEAL_OVERLAP_US));
}

Test(heal, the_next_one_overlaps_with_what_was_compared)
{
	for (enum heal_pass pass = HEAL_EVENTS; pass <= HEAL_DISPUTES; pass++)
		expect(pass, ago(10 * MINUTE_US), ago(DAY_US), ago(10 * MINUTE_US + HEAL_OVERLAP_US));
}

Test(heal, all_is_read_again_from_the_beginning)
{
	expect(HEAL_ALL_PAYMENTS, ago(10 * MINUTE_US), ago(DAY_US), ago(DAY_US + HEAL_OVERLAP_US));
	expect(HEAL_ALL_REFUNDS, ago(10 * MINUTE_US), ago(DAY_US), ago(DAY_US + HEAL_OVERLAP_US));
	expect(HEAL_ALL_DISPUTES, ago(10 * MINUTE_US), ago(DAY_US), ago(DAY_US + HEAL_OVERLAP_US));
}

Test(heal, nothing_older_than_30_days_is_asked_for_but_disputes_of_half_a_year)
{
	for (enum heal_pass pass = HEAL_EVENTS; pass <= HEAL_ALL_REFUNDS; pass++)
		for (int64_t days = 31; days < 400; days += 92)
			expect(pass, days > 200 ? INSTANT_NONE : ago(days * DAY_US), ago(400 * DAY_US),
			       ago(5 * MINUTE_US + HEAL_BACK_US));
	expect(HEAL_ALL_DISPUTES, INSTANT_NONE, ago(100 * DAY_US), ago(100 * DAY_US + HEAL_OVERLAP_US));
	expect(HEAL_ALL_DISPUTES, INSTANT_NONE, ago(400 * DAY_US),
	       ago(5 * MINUTE_US + HEAL_DISPUTES_BACK_US));
}

Test(heal, every_pass_has_a_name_of_its_own)
{
	for (enum heal_pass pass = HEAL_EVENTS; pass <= HEAL_ALL_DISPUTES; pass++) {
		enum heal_pass again;

		cr_assert(heal_pass_decode(heal_pass_name(pass), &again));
		cr_expect_eq(again, pass);
		cr_expect_eq(heal_pass_reads_all(pass), pass >= HEAL_ALL_PAYMENTS);
	}
	cr_assert_not(heal_pass_decode("all", &(enum heal_pass){HEAL_EVENTS}));
}
