#include <criterion/criterion.h>
#include <string.h>

#include "mail.h"

#define MS_US 1000

static const struct mail_limits limits = {.give_up_ms = 86400000,
					  .unknown_wait_ms = 900000,
					  .unknowns_max = 3};
static const struct instant born = {1000000};

static struct mail_change next(enum mail_state state, enum mail_result result, int unknowns, int64_t age_ms)
{
	struct mail mail = {.state = state, .unknowns = unknowns, .created_at = born};
	struct mail_change change;

	mail_next(&mail, result, &limits, (struct instant){born.us + age_ms * MS_US}, &change);
	return change;
}

static void is(struct mail_change got, struct mail_change want)
{
	cr_assert_eq(got.state, want.state);
	cr_assert_eq(got.counts_as_failure, want.counts_as_failure);
	cr_assert_eq(got.counts_as_unknown, want.counts_as_unknown);
	cr_assert_eq(got.alarm, want.alarm);
	cr_assert_eq(got.wait_ms, want.wait_ms);
}

static const struct mail_change sent = {.state = MAIL_SENT};
static const struct mail_change later = {.state = MAIL_QUEUED, .counts_as_failure = true};
static const struct mail_change failed = {.state = MAIL_FAILED, .alarm = true};
static const struct mail_change unknown = {.state = MAIL_UNKNOWN,
					   .counts_as_unknown = true,
					   .wait_ms = 900000};

Test(mail, every_result_in_every_unfinished_state)
{
	static const enum mail_state unfinished[] = {MAIL_QUEUED, MAIL_SENDING, MAIL_UNKNOWN};

	for (size_t i = 0; i < 3; i++) {
		for (int unknowns = 0; unknowns < 6; unknowns++) {
			is(next(unfinished[i], MAIL_RESULT_ACCEPTED, unknowns, 0), sent);
			is(next(unfinished[i], MAIL_RESULT_ACCEPTED, unknowns, 999999999), sent);
			is(next(unfinished[i], MAIL_RESULT_LATER, unknowns, 0), later);
			is(next(unfinished[i], MAIL_RESULT_REFUSED, unknowns, 0), failed);
			is(next(unfinished[i], MAIL_RESULT_BAD, unknowns, 0), failed);
			is(next(unfinished[i], MAIL_RESULT_LOST, unknowns, 0),
			   unknowns < 3 ? unknown : failed);
		}
	}
}

Test(mail, what_is_over_stays_as_it_is)
{
	static const enum mail_state over[] = {MAIL_SENT, MAIL_FAILED, MAIL_SUPERSEDED};

	for (size_t i = 0; i < 3; i++) {
		for (int result = MAIL_RESULT_ACCEPTED; result <= MAIL_RESULT_BAD; result++)
			is(next(over[i], (enum mail_result)result, 0, 0),
			   (struct mail_change){.state = over[i]});
	}
}

Test(mail, a_result_that_is_none_changes_nothing)
{
	is(next(MAIL_SENDING, (enum mail_result)99, 0, 0), (struct mail_change){.state = MAIL_SENDING});
}

Test(mail, gives_up_on_a_busy_server_after_24_hours_and_not_before)
{
	is(next(MAIL_SENDING, MAIL_RESULT_LATER, 0, 86399999), later);
	is(next(MAIL_SENDING, MAIL_RESULT_LATER, 0, 86400000), failed);
	is(next(MAIL_SENDING, MAIL_RESULT_LATER, 0, -5000), later);
}

Test(mail, names_are_the_words_of_the_table)
{
	static const char *const kinds[] = {"confirmed", "cancelled", "payment_returned", "refund_failed"};
	static const char *const states[] = {"queued", "sending", "sent", "unknown", "failed", "superseded"};
	enum mail_kind kind = MAIL_CONFIRMED;
	enum mail_state state = MAIL_QUEUED;

	for (int i = 0; i < 4; i++) {
		cr_assert_str_eq(mail_kind_name((enum mail_kind)i), kinds[i]);
		cr_assert(mail_kind_decode(kinds[i], &kind));
		cr_assert_eq((int)kind, i);
	}
	for (int i = 0; i < 6; i++) {
		cr_assert_str_eq(mail_state_name((enum mail_state)i), states[i]);
		cr_assert(mail_state_decode(states[i], &state));
		cr_assert_eq((int)state, i);
	}
	cr_assert_not(mail_kind_decode("Confirmed", &kind));
	cr_assert_not(mail_kind_decode(NULL, &kind));
	cr_assert_not(mail_state_decode("", &state));
	cr_assert_null(mail_kind_name((enum mail_kind)4));
	cr_assert_null(mail_state_name((enum mail_state)6));
}

Test(mail, takes_everyday_addresses)
{
	static const char *const good[] = {
		"a@b",
		"parent@example.com",
		"first.last+tag@mail.example.co.uk",
		"o'hara_1@x-y.example",
		"!#$%&'*+/=?^_`{|}~-@example.com",
		"1@2.3",
		"a@xn--bcher-kva.example",
		"UPPER@EXAMPLE.COM",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		cr_assert(mail_address_is_valid(good[i]), "%s", good[i]);
}

Test(mail, refuses_what_smtp_would_take_for_something_else)
{
	static const char *const bad[] = {
		"",
		"@",
		"a",
		"a@",
		"@b",
		"a@b@c",
		"a b@c",
		"a@b c",
		" a@b",
		"a@b ",
		"a@b\r\nRCPT TO:<x@y>",
		"a\n@b",
		"a@b\n",
		"a\t@b",
		"a,b@c",
		"a@b,c@d",
		"<a@b>",
		"a<b@c",
		"a>b@c",
		"\"a b\"@c",
		"a\\b@c",
		"a(b)@c",
		"a;b@c",
		"a:b@c",
		"a[b@c",
		"a@[127.0.0.1]",
		".a@b",
		"a.@b",
		"a..b@c",
		"a@.b",
		"a@b.",
		"a@b..c",
		"a@-b",
		"a@b-",
		"a@b-.c",
		"a@b_c",
		"\x7f@b",
		"\xc3\xa4@b",
		"a@b\xc3\xa4",
		"a\x01@b",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_not(mail_address_is_valid(bad[i]), "%s", bad[i]);
	cr_assert_not(mail_address_is_valid(NULL));
}

/* local of so many bytes '@' then labels of so many bytes each, cut to total. */
static bool takes(int local_len, int label_len, int total)
{
	char address[512];
	int len = 0;

	while (len < local_len)
		address[len++] = 'l';
	address[len++] = '@';
	for (int in_label = 0; len < total; len++, in_label++) {
		bool dot = in_label == label_len;

		address[len] = dot ? '.' : 'd';
		if (dot)
			in_label = -1;
	}
	address[total] = '\0';
	return mail_address_is_valid(address);
}

Test(mail, knows_the_greatest_lengths)
{
	cr_assert(takes(64, 63, 100));
	cr_assert_not(takes(65, 63, 100));
	cr_assert(takes(10, 63, 11 + 63));
	cr_assert_not(takes(10, 64, 11 + 64));
	cr_assert(takes(64, 60, 254));
	cr_assert_not(takes(64, 60, 255));
	cr_assert_not(takes(64, 60, 400));
}
