#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "booking_log.h"
#include "school.h"
#include "users.h"

TestSuite(people, .init = school_open, .fini = school_close, .timeout = 60);

static int64_t get(struct pg *pg, const struct user_claims *claims)
{
	struct err err = {0};
	int64_t id = 0;

	ASSERT_OK(users_get_id(pg, claims, &id, &err), err);
	return id;
}

static const char *fresh_subject(void)
{
	return school_text("sub-%lld", (long long)school.parent);
}

Test(people, an_unknown_caller_becomes_a_user)
{
	const struct user_claims claims = {fresh_subject(), "zoe@x.example", "Zoë", "Europe/Berlin", "de"};
	int64_t id = get(school.pg, &claims);

	cr_assert_eq(
		school_int(school_text(
			"SELECT count(*) FROM users WHERE id = %lld AND subject = '%s' AND email = 'zoe@x.example'"
			" AND display_name = 'Zoë' AND time_zone = 'Europe/Berlin' AND locale = 'de'",
			(long long)id, claims.subject)),
		1);
	cr_assert_eq(get(school.pg, &claims), id);
}

Test(people, what_a_token_does_not_say_has_a_default)
{
	const struct user_claims claims = {.subject = fresh_subject()};

	cr_assert_eq(
		school_int(school_text(
			"SELECT count(*) FROM users WHERE id = %lld AND email IS NULL AND display_name = ''"
			" AND time_zone = 'UTC' AND locale = 'en'",
			(long long)get(school.pg, &claims))),
		1);
}

Test(people, a_later_token_fills_in_what_is_empty_and_changes_nothing_else)
{
	const char *subject = fresh_subject();
	/* what a token says, and what stands in the row afterwards */
	const struct {
		const char *email, *name, *row;
	} tokens[] = {
		{NULL, "", "/"},
		{"", NULL, "/"},
		{"a@x.example", NULL, "a@x.example/"},
		{NULL, "A", "a@x.example/A"},
		{"evil@x.example", "B", "a@x.example/A"},
		{NULL, NULL, "a@x.example/A"},
	};
	int64_t id = 0;

	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		const struct user_claims claims = {subject, tokens[i].email, tokens[i].name, "Europe/Berlin",
						   i ? "de" : NULL};
		int64_t found = get(school.pg, &claims);

		cr_assert(!i || found == id);
		id = found;
		cr_expect_eq(
			school_int(school_text("SELECT count(*) FROM users WHERE id = %lld AND locale = 'en'"
					       " AND coalesce(email, '') || '/' || display_name = '%s'",
					       (long long)id, tokens[i].row)),
			1, "token %zu", i);
	}
}

struct twin {
	pthread_t thread;
	const struct user_claims *claims;
	pthread_barrier_t *start;
	int64_t id;
};

static void *be_a_twin(void *argument)
{
	struct twin *twin = argument;
	struct pg *pg = school_connect(0);

	pthread_barrier_wait(twin->start);
	twin->id = get(pg, twin->claims);
	pg_close(pg);
	return NULL;
}

Test(people, twins_become_one_user)
{
	for (int round = 0; round < 10; round++) {
		const struct user_claims claims = {.subject = school_text("%s-%d", fresh_subject(), round)};
		pthread_barrier_t start;
		struct twin twins[4];

		pthread_barrier_init(&start, NULL, 4);
		for (int i = 0; i < 4; i++) {
			twins[i] = (struct twin){.claims = &claims, .start = &start};
			pthread_create(&twins[i].thread, NULL, be_a_twin, &twins[i]);
		}
		for (int i = 0; i < 4; i++)
			pthread_join(twins[i].thread, NULL);
		for (int i = 1; i < 4; i++)
			cr_expect_eq(twins[i].id, twins[0].id);
		pthread_barrier_destroy(&start);
	}
}

Test(people, the_time_line_is_in_the_order_of_writing)
{
	int64_t id = school_booking("3 days");
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct booking_log_list log;
	struct err err = {0};

	ASSERT_OK(booking_log_queue(school.pg, id, "user:7", "cancelled", "{\"cause\": \"parent\"}", &err),
		  err);
	ASSERT_OK(booking_log_queue(school.pg, id, "refund-worker", "refund_succeeded", NULL, &err), err);
	ASSERT_OK(pg_run(school.pg, &results, &err), err);
	ASSERT_OK(booking_log_list(school.pg, id, &school.arena, &log, &err), err);
	cr_assert_eq(log.count, 2);
	cr_expect_str_eq(log.entries[0].what, "cancelled");
	cr_expect_str_eq(log.entries[0].actor, "user:7");
	cr_expect_str_eq(log.entries[0].detail, "{\"cause\": \"parent\"}");
	cr_expect_str_eq(log.entries[1].what, "refund_succeeded");
	cr_expect_null(log.entries[1].detail);
	cr_expect(log.entries[0].at.us <= log.entries[1].at.us);
}
