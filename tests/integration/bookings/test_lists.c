#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "school.h"

TestSuite(bookings_list, .init = school_open, .fini = school_close, .timeout = 60);

static struct bookings_list list(struct bookings_page page)
{
	struct bookings_list found;
	struct err err = {0};

	if (!page.user_id)
		page.user_id = school.parent;
	if (!page.limit)
		page.limit = 100;
	ASSERT_OK(bookings_list(school.pg, &page, &school.arena, &found, &err), err);
	return found;
}

static void expect_ids(struct bookings_list found, int count, const int64_t *ids, const char *what)
{
	cr_assert_eq(found.count, count, "%s: %d, not %d", what, found.count, count);
	for (int i = 0; i < count; i++)
		cr_expect_eq(found.views[i].booking.id, ids[i], "%s: place %d", what, i);
}

#define EXPECT(found, ...)                                                      \
	expect_ids((found), sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), \
		   (const int64_t[]){__VA_ARGS__}, #found)

static int64_t with_status(const char *starts_in, int status, const char *cause)
{
	int64_t id = school_booking(starts_in);

	if (status == 3)
		SCHOOL_SQL(
			"UPDATE bookings SET status = 3, cancelled_at = now(), cancel_cause = '%s' WHERE id = %lld",
			cause, (long long)id);
	else if (status == 2)
		SCHOOL_SQL("UPDATE bookings SET status = 2 WHERE id = %lld", (long long)id);
	return id;
}

static int64_t pending(const char *starts_in, bool has_checkout)
{
	int64_t id = with_status(starts_in, 3, "checkout_expired");

	SCHOOL_SQL(
		"DELETE FROM payments WHERE booking_id = %lld; ALTER TABLE bookings DISABLE TRIGGER bookings_status_moves;"
		"UPDATE bookings SET status = 0, cancelled_at = NULL, cancel_cause = NULL, paid_at = NULL, payment_intent = NULL,"
		" stripe_session_id = %s WHERE id = %lld; ALTER TABLE bookings ENABLE TRIGGER bookings_status_moves",
		(long long)id, has_checkout ? "stripe_session_id" : "NULL", (long long)id);
	return id;
}

Test(bookings_list, of_a_parent_is_soonest_first_then_the_past)
{
	int64_t old = with_status("-10 days", 2, NULL), later = school_booking("5 days"),
		recent = school_booking("-2 days");
	int64_t soon = school_booking("1 day"), running = school_booking("-30 minutes");

	EXPECT(list((struct bookings_page){0}), running, soon, later, recent, old);
	EXPECT(list((struct bookings_page){.upcoming = true}), running, soon, later);
	EXPECT(list((struct bookings_page){.past = true}), recent, old);
}

Test(bookings_list, hides_what_never_was)
{
	int64_t shown = with_status("2 days", 3, "parent"), waits = pending("3 days", true);
	int64_t abandoned = pending("4 days", true);

	pending("5 days", false);
	SCHOOL_SQL(
		"UPDATE bookings SET status = 3, cancelled_at = now(), cancel_cause = 'checkout_expired' WHERE id = %lld",
		(long long)abandoned);
	EXPECT(list((struct bookings_page){0}), shown, waits);
	/* Paid too late and given back: the parent sees where the money went. */
	SCHOOL_SQL(
		"INSERT INTO payments (payment_intent, booking_id, amount_minor, currency, captured_at)"
		" VALUES ('pi_late_%lld', %lld, 4500, 'EUR', now());"
		"INSERT INTO refunds (payment_intent, booking_id, cause, next_try_at) VALUES ('pi_late_%lld', %lld, 'late', now())",
		(long long)abandoned, (long long)abandoned, (long long)abandoned, (long long)abandoned);
	EXPECT(list((struct bookings_page){0}), shown, waits, abandoned);
}

Test(bookings_list, pages_meet_without_gap_or_repeat)
{
	const char *starts[] = {"1 day", "2 days", "3 days", "-1 day", "-2 days", "-3 days", "-4 days"};
	int64_t ids[7];

	for (int i = 0; i < 7; i++)
		ids[i] = school_booking(starts[i]);
	for (int limit = 1; limit <= 8; limit++) {
		struct bookings_page page = {.limit = limit};
		int seen = 0;

		for (;;) {
			struct bookings_list found = list(page);

			cr_assert_leq(found.count, limit);
			for (int i = 0; i < found.count; i++, seen++)
				cr_expect_eq(found.views[i].booking.id, ids[seen], "limit %d, place %d",
					     limit, seen);
			if (!found.more)
				break;
			page.after = found.next;
		}
		cr_expect_eq(seen, 7, "limit %d", limit);
	}
}

Test(bookings_list, two_of_one_start_page_by_id)
{
	int64_t first = school_booking("2 days"), second = school_booking("3 days");
	struct bookings_page page = {.limit = 1};

	SCHOOL_SQL(
		"UPDATE bookings SET teacher_id = %lld WHERE id = %lld;"
		"UPDATE bookings b SET starts_at = o.starts_at, ends_at = o.ends_at FROM bookings o WHERE b.id = %lld AND o.id = %lld",
		(long long)school.stranger, (long long)second, (long long)second, (long long)first);
	EXPECT(list(page), first);
	page.after = list(page).next;
	EXPECT(list(page), second);
}

Test(bookings_list, of_a_teacher_and_a_student_holds_paid_ones_only)
{
	int64_t soon = school_booking("1 day"), over = school_booking("-1 day"),
		done = with_status("-3 days", 2, NULL);
	int64_t off = with_status("6 days", 3, "teacher");

	pending("4 days", true);
	EXPECT(list((struct bookings_page){.kind = BOOKINGS_TEACHER_UPCOMING, .user_id = school.teacher}),
	       soon);
	EXPECT(list((struct bookings_page){.kind = BOOKINGS_TEACHER_HISTORY, .user_id = school.teacher}), off,
	       over, done);
	EXPECT(list((struct bookings_page){.kind = BOOKINGS_STUDENT_UPCOMING, .user_id = school.student}),
	       soon);
	cr_expect_eq(list((struct bookings_page){.kind = BOOKINGS_TEACHER_UPCOMING, .user_id = school.parent})
			     .count,
		     0);
	cr_expect_eq(list((struct bookings_page){.user_id = school.teacher}).count, 0);
}

static struct bookings_found view(int64_t id)
{
	struct bookings_reader reader = school_parent();
	struct bookings_found found;
	struct err err = {0};

	ASSERT_OK(bookings_find_view(school.pg, id, &reader, &school.arena, &found, &err), err);
	return found;
}

Test(bookings_list, a_view_has_names_link_and_refund)
{
	int64_t id = school_booking("3 days");
	struct bookings_found found;

	SCHOOL_SQL("INSERT INTO meetings (booking_id, provider, url, state, next_try_at) VALUES"
		   " (%lld, 'template', 'https://meet.example/1', 'ready', now())",
		   (long long)id);
	found = view(id);
	cr_assert(found.found);
	cr_expect_str_eq(found.view.parent_name, "Petra");
	cr_expect_str_eq(found.view.student_name, "Stu");
	cr_expect_str_eq(found.view.teacher_name, "Tom");
	cr_expect_str_eq(found.view.meeting_url, "https://meet.example/1");
	cr_expect_not(found.view.has_refund);
	SCHOOL_SQL(
		"UPDATE bookings SET status = 3, cancelled_at = now(), cancel_cause = 'parent' WHERE id = %lld;"
		"INSERT INTO refunds (payment_intent, booking_id, cause, state, failure_reason, next_try_at) VALUES"
		" ('pi_%lld', %lld, 'parent', 'failed', 'lost_or_stolen_card', now())",
		(long long)id, (long long)id, (long long)id);
	found = view(id);
	cr_expect_null(found.view.meeting_url);
	cr_assert(found.view.has_refund);
	cr_expect_eq(found.view.refund.state, REFUND_FAILED);
	cr_expect_eq(found.view.refund.captured.minor, 4500);
	cr_expect_str_eq(found.view.refund.failure_reason, "lost_or_stolen_card");
	cr_expect_not(found.view.refund.is_settled);
}

Test(bookings_list, nobody_else_finds_a_view)
{
	struct bookings_reader reader = {school.stranger, false};
	int64_t id = school_booking("3 days");
	struct bookings_found found;
	struct err err = {0};

	ASSERT_OK(bookings_find_view(school.pg, id, &reader, &school.arena, &found, &err), err);
	cr_expect_not(found.found);
	reader.reads_all = true;
	ASSERT_OK(bookings_find_view(school.pg, id, &reader, &school.arena, &found, &err), err);
	cr_expect(found.found);
}
