#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "school.h"

TestSuite(bookings_lock, .init = school_open, .fini = school_close, .timeout = 60);

static struct bookings_locked lock_as(struct pg *pg, int64_t id, struct bookings_reader reader)
{
	struct bookings_locked locked = {0};
	struct err err = {0};

	ASSERT_OK(bookings_lock(pg, id, &reader, &school.arena, &locked, &err), err);
	return locked;
}

Test(bookings_lock, reads_the_booking_and_the_clock)
{
	int64_t id = school_booking("3 days");
	struct bookings_locked locked = lock_as(school.pg, id, school_parent());
	const struct booking *booking = &locked.booking;

	cr_assert(locked.found);
	cr_expect_eq(booking->id, id);
	cr_expect_eq(booking->parent_id, school.parent);
	cr_expect_eq(booking->student_id, school.student);
	cr_expect_eq(booking->teacher_id, school.teacher);
	cr_expect_eq(booking->offer_id, 0);
	cr_expect_str_eq(booking->title, "Algebra");
	cr_expect_eq(booking->status, BOOKING_CONFIRMED);
	cr_expect_eq(booking->price.minor, 4500);
	cr_expect_str_eq(booking->price.currency, "EUR");
	cr_expect_eq(booking->cancel_notice_s, 86400);
	cr_expect_null(booking->notes);
	cr_expect(instant_is_none(booking->cancelled_at));
	cr_expect(instant_is_none(booking->hold_expires_at));
	cr_expect(booking_is_paid(booking));
	cr_expect_eq(booking->version, 1);
	cr_expect_eq(booking->ends_at.us - booking->starts_at.us, INT64_C(3600000000));
	cr_expect(locked.now.us < booking->starts_at.us);
	cr_expect(booking->starts_at.us - locked.now.us < INT64_C(72) * 3600000000);
	pg_rollback(school.pg);
}

Test(bookings_lock, only_parties_and_staff_find_it)
{
	int64_t id = school_booking("3 days");
	const struct {
		struct bookings_reader reader;
		bool found;
	} cases[] = {
		{{school.parent, false}, true},  {{school.teacher, false}, true},
		{{school.student, false}, true}, {{school.stranger, false}, false},
		{{school.stranger, true}, true}, {{0, false}, false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_expect_eq(lock_as(school.pg, id, cases[i].reader).found, cases[i].found, "case %zu", i);
		pg_rollback(school.pg);
	}
	cr_expect_not(lock_as(school.pg, id + 1000000, (struct bookings_reader){1, true}).found);
	pg_rollback(school.pg);
}

struct waiter {
	pthread_t thread;
	int64_t id;
	struct bookings_locked locked;
	struct arena arena;
};

static void *wait_for_lock(void *argument)
{
	struct waiter *waiter = argument;
	struct pg *pg = school_connect(20000);
	struct bookings_reader reader = school_parent();
	struct err err = {0};

	arena_init(&waiter->arena, 65536);
	ASSERT_OK(bookings_lock(pg, waiter->id, &reader, &waiter->arena, &waiter->locked, &err), err);
	pg_close(pg);
	return NULL;
}

/* Returns when another session waits for a lock. */
static void until_somebody_waits(struct pg *pg)
{
	static const struct pg_stmt stmt = {
		"waits",
		"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
		true};
	int64_t deadline_ms = deadline_in_ms(10000);
	int64_t count = 0;

	while (!count && deadline_left_ms(deadline_ms)) {
		PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
		struct err err = {0};

		ASSERT_OK(pg_one(pg, &stmt, NULL, &results, &err), err);
		count = pg_int(&results, 0, 0, 0);
	}
	cr_assert_gt(count, 0, "nobody waits");
}

/* Design rule 2: the deadline passes while the cancel waits for the row; its now must be from after the wait. */
Test(bookings_lock, a_cancel_that_waits_across_the_deadline_is_refused)
{
	int64_t id = school_booking("24 hours 1 second");
	struct waiter waiter = {.id = id};
	struct pg *holder = school_connect(20000);
	struct bookings_locked held = lock_as(holder, id, school_parent());
	const struct actor actor = {school.parent, ROLE_PARENT};
	const struct cancel_policy policy = {-1};
	struct cancellation decided;
	struct err err = {0};

	ASSERT_OK(cancel_decide(&held.booking, &actor, &policy, held.now, &decided, &err), err);
	pthread_create(&waiter.thread, NULL, wait_for_lock, &waiter);
	until_somebody_waits(school.pg);
	school_run("SELECT pg_sleep(1.2)");
	pg_rollback(holder);
	pthread_join(waiter.thread, NULL);
	cr_assert(waiter.locked.found);
	ASSERT_ERR(cancel_decide(&waiter.locked.booking, &actor, &policy, waiter.locked.now, &decided, &err),
		   ERR_REJECT, "too_late", err);
	arena_release(&waiter.arena);
	pg_close(holder);
}

static void cancel(struct pg *pg, int64_t id, struct instant at)
{
	const struct bookings_cancel change = {id, at, CAUSE_PARENT, school.parent, "ill"};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct err err = {0};

	ASSERT_OK(bookings_queue_cancel(pg, &change, &err), err);
	ASSERT_OK(pg_queue_commit(pg, &err), err);
	ASSERT_OK(pg_run(pg, &results, &err), err);
}

Test(bookings_lock, who_waited_for_a_cancel_sees_it)
{
	int64_t id = school_booking("3 days");
	struct waiter waiter = {.id = id};
	struct pg *first = school_connect(20000);
	struct bookings_locked locked = lock_as(first, id, school_parent());

	pthread_create(&waiter.thread, NULL, wait_for_lock, &waiter);
	until_somebody_waits(school.pg);
	cancel(first, id, locked.now);
	pthread_join(waiter.thread, NULL);
	cr_assert(waiter.locked.found);
	cr_expect_eq(waiter.locked.booking.status, BOOKING_CANCELLED);
	cr_expect_eq(waiter.locked.booking.version, 2);
	cr_expect_eq(waiter.locked.booking.cancelled_at.us, locked.now.us);
	cr_expect_eq(waiter.locked.booking.cancel_cause, CAUSE_PARENT);
	cr_expect_eq(waiter.locked.booking.cancelled_by, school.parent);
	cr_expect_str_eq(waiter.locked.booking.cancellation_reason, "ill");
	arena_release(&waiter.arena);
	pg_close(first);
}

Test(bookings_lock, a_lock_that_is_never_given_ends_in_a_conflict)
{
	int64_t id = school_booking("3 days");
	struct pg *holder = school_connect(20000), *waiter = school_connect(1000);
	struct bookings_reader reader = school_parent();
	struct bookings_locked locked;
	struct err err = {0};

	lock_as(holder, id, reader);
	ASSERT_ERR(bookings_lock(waiter, id, &reader, &school.arena, &locked, &err), ERR_RETRY, "pg_conflict",
		   err);
	pg_close(waiter);
	pg_close(holder);
}

Test(bookings_lock, rows_that_refer_to_a_locked_booking_can_still_be_written)
{
	int64_t id = school_booking("3 days");
	struct pg *holder = school_connect(20000);

	lock_as(holder, id, school_parent());
	SCHOOL_SQL(
		"SET lock_timeout = 500; INSERT INTO booking_log (booking_id, actor, what) VALUES (%lld, 'x', 'y')",
		(long long)id);
	pg_close(holder);
}
