#include <criterion/criterion.h>
#include <stdio.h>

#include "world.h"

TestSuite(facts, .init = world_make, .fini = world_end);

static struct mail_facts find(int64_t recipient_id, const char *ref)
{
	struct mail mail = {.booking_id = world.booking_id,
			    .recipient_id = recipient_id,
			    .ref = ref,
			    .created_at = {INT64_C(1796000000000000)}};
	struct mail_facts facts;
	struct err err = {0};

	ASSERT_OK(mails_find_facts(world.db, &mail, &world.arena, &facts, &err), err);
	return facts;
}

static const char *wall(struct civil_time at)
{
	static char text[64];

	snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d %d", at.year, at.month, at.day, at.hour,
		 at.minute, at.weekday);
	return text;
}

static struct mail_facts in_zone(const char *zone, const char *starts_at)
{
	world_sql("UPDATE users SET time_zone = '%s' WHERE id = %lld", zone, (long long)world.parent_id);
	world_sql(
		"UPDATE bookings SET starts_at = '%s', ends_at = timestamptz '%s' + interval '1 hour' WHERE id = %lld",
		starts_at, starts_at, (long long)world.booking_id);
	return find(world.parent_id, "");
}

Test(facts, each_reader_gets_their_own_wall_clock)
{
	struct mail_facts parent = find(world.parent_id, ""), teacher = find(world.teacher_id, "");

	cr_assert_str_eq(wall(parent.local_starts), "2026-12-01 09:30 1");
	cr_assert_str_eq(wall(parent.local_ends), "2026-12-01 10:15 1");
	cr_assert_str_eq(wall(parent.local_deadline), "2026-11-30 09:30 0");
	cr_assert_eq(parent.utc_offset_min, 60);
	cr_assert_str_eq(wall(teacher.local_starts), "2026-12-01 03:30 1");
	cr_assert_eq(teacher.utc_offset_min, -300);
	cr_assert_str_eq(teacher.recipient_name, "Tom");
	cr_assert_str_eq(teacher.parent_name, "Eva");
}

Test(facts, the_day_that_the_clocks_change)
{
	struct mail_facts before = in_zone("Europe/Berlin", "2026-03-29T00:30Z");

	cr_assert_str_eq(wall(before.local_starts), "2026-03-29 01:30 6");
	cr_assert_str_eq(wall(before.local_ends), "2026-03-29 03:30 6",
			 "an hour later by the sun, two by the clock");
	cr_assert_eq(before.utc_offset_min, 60);
	struct mail_facts monday = in_zone("Europe/Berlin", "2026-03-29T22:30Z");
	cr_assert_str_eq(wall(monday.local_starts), "2026-03-30 00:30 0");
	cr_assert_str_eq(wall(monday.local_deadline), "2026-03-28 23:30 5", "24 hours are 24 hours");
}

Test(facts, zones_of_half_and_quarter_hours)
{
	cr_assert_eq(in_zone("Asia/Kathmandu", "2026-12-01T08:30Z").utc_offset_min, 345);
	cr_assert_eq(in_zone("America/St_Johns", "2026-12-01T08:30Z").utc_offset_min, -210);
}

Test(facts, a_zone_that_nobody_knows_reads_as_utc)
{
	static const char *const odd[] = {"Mars/Olympus", "", "../../etc/passwd", "UTC\\n"};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct mail_facts facts = in_zone(odd[i], "2026-12-01T08:30Z");

		cr_assert_str_eq(wall(facts.local_starts), "2026-12-01 08:30 1", "%s", odd[i]);
		cr_assert_eq(facts.utc_offset_min, 0);
	}
}

Test(facts, the_meeting_link_only_while_confirmed)
{
	world_sql(
		"INSERT INTO meetings (booking_id, provider, state, url, next_try_at) VALUES (%lld, 'template', 'ready', "
		"'https://meet.example/1', now())",
		(long long)world.booking_id);
	cr_assert_null(find(world.parent_id, "").meeting_url);
	world_sql("UPDATE bookings SET status = 1 WHERE id = %lld", (long long)world.booking_id);
	cr_assert_str_eq(find(world.parent_id, "").meeting_url, "https://meet.example/1");
}

static const char *refund_of(const char *intent, const char *state, int minor)
{
	world_sql(
		"INSERT INTO payments (payment_intent, booking_id, amount_minor, currency, captured_at) VALUES (%s, %lld, %d, "
		"'JPY', now())",
		intent, (long long)world.booking_id, minor);
	return world_text(
		"INSERT INTO refunds (payment_intent, booking_id, cause, state, failure_reason, next_try_at) VALUES (%s, "
		"%lld, 'parent', '%s', 'declined', now()) RETURNING id",
		intent, (long long)world.booking_id, state);
}

Test(facts, the_refund_of_the_kept_payment_or_the_one_that_the_mail_names)
{
	char kept[100], other[40];

	cr_assert_null(find(world.parent_id, "").refund_state);
	snprintf(kept, sizeof(kept), "(SELECT payment_intent FROM bookings WHERE id = %lld)",
		 (long long)world.booking_id);
	refund_of(kept, "requested", 4500);
	snprintf(other, sizeof(other), "'pi_other%lld'", (long long)world.booking_id);
	const char *second = refund_of(other, "failed", 700);
	struct mail_facts facts = find(world.parent_id, "");
	cr_assert_str_eq(facts.refund_state, "requested");
	cr_assert_eq(facts.captured.minor, 4500);
	cr_assert_eq(facts.beside.returned_minor, 0);
	world_sql(
		"INSERT INTO stripe_refunds (id, payment_intent, amount_minor, currency, status) VALUES ('re_a%lld', %s, 100, "
		"'EUR', 'pending'), ('re_b%lld', %s, 200, 'EUR', 'succeeded'), ('re_c%lld', %s, 400, 'EUR', 'canceled'), "
		"('re_d%lld', %s, 800, 'EUR', 'succeeded')",
		(long long)world.booking_id, kept, (long long)world.booking_id, kept,
		(long long)world.booking_id, kept, (long long)world.booking_id, other);
	world_sql(
		"INSERT INTO booking_log (booking_id, actor, what, detail) VALUES (%lld, 'stripe', 'disputed', "
		"'{\"status\":\"under_review\"}')",
		(long long)world.booking_id);
	facts = find(world.parent_id, "");
	cr_assert_eq(facts.beside.returned_minor, 300, "live ones of this payment");
	cr_assert(facts.beside.is_disputed);
	facts = find(world.parent_id, second);
	cr_assert_eq(facts.beside.returned_minor, 800);
	cr_assert_str_eq(facts.refund_state, "failed");
	cr_assert_eq(facts.captured.minor, 700);
	cr_assert_str_eq(facts.captured.currency, "JPY");
	cr_assert_str_eq(facts.refund_failure_reason, "declined");
}

Test(facts, what_ours_gave_back_counts_once_the_refund_has_come_to_less_or_is_asked_for_again)
{
	static const struct {
		const char *state;
		int generation;
		int64_t returned_minor;
	} cases[] = {{"succeeded", 1, 0},
		     {"needs_attention", 1, 3500},
		     {"requested", 2, 3500},
		     {"succeeded", 2, 3500},
		     {"failed", 2, 3500}};
	char kept[100];

	snprintf(kept, sizeof(kept), "(SELECT payment_intent FROM bookings WHERE id = %lld)",
		 (long long)world.booking_id);
	const char *refund = refund_of(kept, "succeeded", 4500);
	world_sql(
		"INSERT INTO stripe_refunds (id, payment_intent, amount_minor, currency, status, refund_id, generation)"
		" SELECT 're_o' || id, payment_intent, 3500, 'EUR', 'succeeded', id, 1 FROM refunds WHERE id = '%s'",
		refund);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_sql("UPDATE refunds SET state = '%s', generation = %d WHERE id = '%s'", cases[i].state,
			  cases[i].generation, refund);
		cr_expect_eq(find(world.parent_id, refund).beside.returned_minor, cases[i].returned_minor,
			     "case %zu", i);
	}
}

/* Made by hand and told, withdrawn; then it is asked for, and settled without it, or with it. */
Test(facts, a_refund_by_hand_that_failed_and_whether_anybody_had_counted_on_it)
{
	long long booking = (long long)world.booking_id;
	char made[40];

	snprintf(made, sizeof(made), "re_h%lld", booking);
	world_sql("INSERT INTO payments (payment_intent, booking_id, amount_minor, currency, captured_at)"
		  " SELECT payment_intent, id, 4500, 'EUR', now() FROM bookings WHERE id = %lld",
		  booking);
	world_sql("INSERT INTO stripe_refunds (id, payment_intent, amount_minor, currency, status, reason)"
		  " SELECT '%s', payment_intent, 1500, 'EUR', 'canceled', 'merchant_request' FROM bookings"
		  " WHERE id = %lld",
		  made, booking);
	cr_assert_not(find(world.parent_id, made).failed.is_of_kept, "it is cancelled");
	world_sql("UPDATE bookings SET status = 1 WHERE id = %lld", booking);
	struct mail_failure failed = find(world.parent_id, made).failed;
	cr_assert(failed.is_of_kept && failed.is_withdrawn && !failed.is_made_good);
	cr_assert_eq(failed.amount.minor, 1500);
	cr_assert_str_eq(failed.reason, "merchant_request");
	cr_assert_eq(find(world.parent_id, "").failed.amount.minor, 0, "that mail is about no failure");
	world_sql(
		"INSERT INTO refunds (payment_intent, booking_id, cause, state, settled_at, settled_by, settled_minor,"
		" next_try_at) SELECT payment_intent, id, 'parent', 'needs_attention', now(), 'operator:bo', 4500, now()"
		" FROM bookings WHERE id = %lld",
		booking);
	failed = find(world.parent_id, made).failed;
	cr_assert(failed.is_made_good && !failed.is_of_kept);
	world_sql("UPDATE refunds SET settled_minor = 3000 WHERE booking_id = %lld", booking);
	cr_assert_not(find(world.parent_id, made).failed.is_made_good);
	cr_assert_eq(find(world.parent_id, made).captured.minor, 4500);
}

Test(facts, of_an_unknown_booking_there_are_none)
{
	struct mail mail = {.booking_id = 999999999, .recipient_id = world.parent_id, .ref = ""};
	struct mail_facts facts;
	struct err err = {0};

	cr_assert_eq(mails_find_facts(world.db, &mail, &world.arena, &facts, &err), ERR_REJECT);
	cr_assert_str_eq(err.code, "bad_row");
}
