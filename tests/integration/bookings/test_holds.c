#include <criterion/criterion.h>
#include <pthread.h>

#include "holds.h"
#include "school.h"
#include "str.h"

TestSuite(holds, .init = school_open, .fini = school_close, .timeout = 60);

#define TWINS     8
#define HOLDS_MAX 3
#define HOLD_S    2100
#define US_PER_S  INT64_C(1000000)

static int64_t offer_of_teacher(const char *more)
{
	return school_int(school_text(
		"INSERT INTO offers (teacher_id, title, duration, amount_minor, currency, cancel_notice, min_notice, active)"
		" VALUES (%lld, 'Algebra', '45 minutes', 4500, 'EUR', '36 hours', '2 hours', %s) RETURNING id",
		(long long)school.teacher, more));
}

static struct instant in_days(int days)
{
	return (struct instant){
		(school_int("SELECT extract(epoch FROM clock_timestamp())::bigint") + days * INT64_C(86400))
		* US_PER_S};
}

static struct hold_request request_for(struct instant at)
{
	return (struct hold_request){.parent_id = school.parent,
				     .student_id = school.parent,
				     .teacher_id = school.teacher,
				     .starts_at = at,
				     .notes = "bring a ruler"};
}

/* "" or the code of the refusal. */
static const char *hold(struct pg *db, const struct hold_request *request, struct arena *arena,
			struct booking *ret_booking)
{
	static _Thread_local struct err err;
	PG_TX_SCOPE struct pg *tx = db;
	struct hold_facts facts;
	enum hold_outcome outcome;
	struct holds_new new = {.request = request, .offer = &facts.offer};

	err = (struct err){0};
	ASSERT_OK(holds_open(tx, request, arena, &facts, &err), err);
	if (hold_decide(request, &facts, HOLDS_MAX, &outcome, &err))
		return err.code;
	cr_assert_eq(outcome, HOLD_NEW);
	new.hold_expires_at = hold_end(facts.now, HOLD_S);
	if (holds_insert(tx, &new, arena, ret_booking, &err))
		return err.code;
	return "";
}

Test(holds, a_booking_is_what_its_offer_says)
{
	int64_t offer = offer_of_teacher("true");
	struct hold_request request = request_for(in_days(3));
	struct booking booking;

	cr_assert_str_eq(hold(school.pg, &request, &school.arena, &booking), "");
	cr_expect_eq(booking.status, BOOKING_PENDING);
	cr_expect_eq(booking.offer_id, offer);
	cr_expect_eq(booking.price.minor, 4500);
	cr_expect_str_eq(booking.price.currency, "EUR");
	cr_expect_str_eq(booking.title, "Algebra");
	cr_expect_str_eq(booking.notes, "bring a ruler");
	cr_expect_eq(booking.cancel_notice_s, 36 * 3600);
	cr_expect_eq(booking.ends_at.us - booking.starts_at.us, 45 * 60 * US_PER_S);
	cr_expect_eq(booking.hold_expires_at.us % US_PER_S, 0);
	cr_expect_eq(school_int(school_text("SELECT count(*) FROM booking_log WHERE booking_id = %lld"
					    " AND what = 'booked' AND actor = 'user:%lld'",
					    (long long)booking.id, (long long)school.parent)),
		     1);
	cr_expect_eq(
		school_int(school_text(
			"SELECT count(*) FROM bookings WHERE id = %lld AND next_try_at = hold_expires_at",
			(long long)booking.id)),
		1);
}

Test(holds, an_offer_that_is_over_or_another_teachers_is_none)
{
	int64_t over = offer_of_teacher("false");
	struct hold_request request = request_for(in_days(3));
	struct booking booking;

	cr_expect_str_eq(hold(school.pg, &request, &school.arena, &booking), "not_offered");
	request.offer_id = over;
	cr_expect_str_eq(hold(school.pg, &request, &school.arena, &booking), "not_offered");
	request.offer_id = offer_of_teacher("true");
	request.teacher_id = school.stranger;
	cr_expect_str_eq(hold(school.pg, &request, &school.arena, &booking), "not_offered");
}

Test(holds, the_refused_one_leaves_nothing_behind)
{
	struct hold_request request = request_for(in_days(3));
	struct booking booking;

	offer_of_teacher("true");
	request.student_id = school.stranger;
	cr_expect_str_eq(hold(school.pg, &request, &school.arena, &booking), "not_your_student");
	cr_expect_eq(school_int(school_text("SELECT count(*) FROM bookings WHERE teacher_id = %lld",
					    (long long)school.teacher)),
		     0);
}

struct twin {
	pthread_t thread;
	pthread_barrier_t *start;
	struct hold_request request;
	char code[32];
};

static void *be_a_twin(void *argument)
{
	struct twin *twin = argument;
	struct pg *pg = school_connect(0);
	struct booking booking;
	struct arena arena;

	arena_init(&arena, 1 << 20);
	pthread_barrier_wait(twin->start);
	(void)str_copy(twin->code, sizeof twin->code, hold(pg, &twin->request, &arena, &booking));
	pg_close(pg);
	arena_release(&arena);
	return NULL;
}

/* How many of the twins got it; the others were refused with this code. */
static int race(struct twin *twins, const char *code)
{
	pthread_barrier_t start;
	int got = 0;

	pthread_barrier_init(&start, NULL, TWINS);
	for (int i = 0; i < TWINS; i++) {
		twins[i].start = &start;
		cr_assert_eq(pthread_create(&twins[i].thread, NULL, be_a_twin, &twins[i]), 0);
	}
	for (int i = 0; i < TWINS; i++) {
		pthread_join(twins[i].thread, NULL);
		if (twins[i].code[0])
			cr_expect_str_eq(twins[i].code, code);
		else
			got++;
	}
	pthread_barrier_destroy(&start);
	return got;
}

Test(holds, one_of_many_gets_the_slot_and_nobody_deadlocks)
{
	struct instant at = in_days(4);
	struct twin twins[TWINS];

	offer_of_teacher("true");
	for (int i = 0; i < TWINS; i++) {
		twins[i].request = request_for(at);
		twins[i].request.parent_id = twins[i].request.student_id = school_int(
			"INSERT INTO users (subject) VALUES (gen_random_uuid()::text) RETURNING id");
	}
	cr_assert_eq(race(twins, "slot_taken"), 1);
}

Test(holds, a_parent_gets_three_however_many_ask_at_once)
{
	struct twin twins[TWINS];

	offer_of_teacher("true");
	for (int i = 0; i < TWINS; i++)
		twins[i].request = request_for(in_days(5 + i));
	cr_assert_eq(race(twins, "too_many_holds"), HOLDS_MAX);
}

Test(holds, what_is_on_sale_is_listed_with_its_teacher)
{
	int64_t offer = offer_of_teacher("true");
	struct holds_offers found;
	struct err err = {0};
	int seen = 0;

	offer_of_teacher("false");
	ASSERT_OK(holds_list_offers(school.pg, &school.arena, &found, &err), err);
	for (int i = 0; i < found.count; i++)
		if (found.offers[i].teacher_id == school.teacher) {
			seen++;
			cr_expect_eq(found.offers[i].id, offer);
			cr_expect_eq(found.offers[i].duration_s, 45 * 60);
			cr_expect_eq(found.offers[i].min_notice_s, 2 * 3600);
		}
	cr_expect_eq(seen, 1);
}
