#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

#include "rows.h"

TestSuite(refund_claim, .init = rows_setup, .fini = rows_teardown, .timeout = 60);

Test(refund_claim, a_payment_has_one_refund_row_however_often_it_is_asked_for)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct refund_request request = {.id = FIRST_ID,
					 .booking_id = 10,
					 .payment_intent = "pi_1",
					 .cause = "parent",
					 .doorbell_ms = 15000};

	rows_sql("INSERT INTO payments VALUES ('pi_1', 10, NULL, NULL, 4500, 'EUR', now())");
	ASSERT_OK(refunds_queue_request(db, &request, &err));
	request.id = "00000000-0000-4000-8000-000000000002";
	ASSERT_OK(refunds_queue_request(db, &request, &err));
	ASSERT_OK(pg_run(db, &results, &err));
	cr_assert_eq(rows_int("SELECT count(*) FROM refunds WHERE id = '" FIRST_ID "' AND state = 'requested'"
			      " AND next_try_at > clock_timestamp() + interval '10 s'"),
		     1);
	cr_assert_eq(rows_int("SELECT count(*) FROM refunds"), 1);
}

Test(refund_claim, the_doorbell_claims_a_fresh_row_once)
{
	struct refund_claim *claim;

	rows_refund(1, 15000);
	claim = rows_claim_fresh(FIRST_ID);
	cr_assert_not_null(claim);
	cr_assert_str_eq(claim->refund.id, FIRST_ID);
	cr_assert_str_eq(claim->refund.payment_intent, "pi_1");
	cr_assert_eq(claim->refund.captured.minor, 4500);
	cr_assert_str_eq(claim->refund.captured.currency, "EUR");
	cr_assert_eq(claim->refund.state, REFUND_SENDING);
	cr_assert_eq(claim->refund.attempts, 1);
	cr_assert_eq(strlen(claim->refund.lease_token), 36);
	cr_assert_eq(claim->refund.booking_id, 10);
	cr_assert_str_eq(claim->cause, "parent");
	cr_assert(claim->lease_over_ms > 0);
	cr_assert_null(rows_claim_fresh(FIRST_ID));
	cr_assert_eq(
		rows_int(
			"SELECT count(*) FROM refunds WHERE lease_until > clock_timestamp() AND next_try_at = lease_until"),
		1);
}

Test(refund_claim, the_first_claim_says_that_nothing_was_sent_and_the_row_that_it_may_have_been)
{
	rows_refund(1, 15000);
	cr_assert(instant_is_none(rows_claim_fresh(FIRST_ID)->refund.first_sent_at));
	cr_assert_eq(rows_int("SELECT count(*) FROM refunds WHERE first_sent_at IS NOT NULL"), 1);
	rows_sql("UPDATE refunds SET next_try_at = now()");
	struct refund_claim *again = rows_claim_due();
	cr_assert_not(instant_is_none(again->refund.first_sent_at));
	cr_assert_eq(again->refund.attempts, 2);
}

Test(refund_claim, the_doorbell_leaves_rows_that_somebody_had)
{
	rows_refund(1, 15000);
	rows_sql("UPDATE refunds SET attempts = 1");
	cr_assert_null(rows_claim_fresh(FIRST_ID));
	rows_sql("UPDATE refunds SET attempts = 0, state = 'succeeded'");
	cr_assert_null(rows_claim_fresh(FIRST_ID));
}

Test(refund_claim, a_row_that_nobody_knows_is_a_real_error)
{
	static const char *const ids[] = {FIRST_ID,
					  "",
					  "x",
					  "00000000-0000-4000-8000-00000000000g",
					  "00000000-0000-4000-8000-0000000000011",
					  "' OR 1=1 --"};
	struct refund_claim *claim = NULL;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		cr_expect_eq(refunds_claim_fresh(db, &lease, ids[i], &claim, &err), ERR_REJECT, "%s", ids[i]);
		cr_expect_str_eq(err.code, "unknown_refund");
	}
	cr_assert_eq(refunds_claim_fresh(db, &lease, NULL, &claim, &err), ERR_REJECT);
}

Test(refund_claim, the_sweep_takes_what_is_due_oldest_first_and_nothing_else)
{
	struct refund_claim *claim;

	rows_refund(1, 15000);
	rows_refund(2, -1000);
	rows_refund(3, -5000);
	rows_refund(4, -9000);
	rows_sql("UPDATE refunds SET state = 'succeeded' WHERE payment_intent = 'pi_4'");
	claim = rows_claim_due();
	cr_assert_str_eq(claim->refund.payment_intent, "pi_3");
	claim = rows_claim_due();
	cr_assert_str_eq(claim->refund.payment_intent, "pi_2");
	cr_assert_null(rows_claim_due());
}

Test(refund_claim, a_lease_that_ended_is_claimed_by_somebody_else_under_another_token)
{
	struct refund_claim *first, *second;

	rows_refund(1, 15000);
	first = rows_claim_fresh(FIRST_ID);
	rows_sql("UPDATE refunds SET next_try_at = now(), lease_until = now()");
	second = rows_claim_due();
	cr_assert_eq(second->refund.state, REFUND_SENDING);
	cr_assert_str_neq(first->refund.lease_token, second->refund.lease_token);
}

Test(refund_claim, a_pending_row_keeps_its_state_while_it_is_polled)
{
	rows_refund(1, -1);
	rows_sql("UPDATE refunds SET state = 'pending', attempts = 3, first_sent_at = now()");
	cr_assert_eq(rows_claim_due()->refund.state, REFUND_PENDING);
	rows_sql("UPDATE refunds SET state = 'requires_action', next_try_at = now()");
	cr_assert_eq(rows_claim_due()->refund.state, REFUND_REQUIRES_ACTION);
}

#define THREADS 6
#define ROWS    60

static void *claim_all(void *context)
{
	struct pg *own = context;
	struct arena own_arena;
	struct refund_lease own_lease = {.lease_ms = LEASE_MS, .arena = &own_arena};
	struct refund_claim *claim;
	long claimed = 0;

	arena_init(&own_arena, 1024 * 1024);
	do {
		claim = NULL;
		if (refunds_claim_due(own, &own_lease, &claim, NULL))
			break;
		claimed += claim != NULL;
	} while (claim);
	arena_release(&own_arena);
	return (void *)claimed;
}

Test(refund_claim, many_workers_claim_each_row_once)
{
	pthread_t threads[THREADS];
	struct pg *connections[THREADS];
	long claimed = 0;

	for (int i = 1; i <= ROWS; i++)
		rows_refund(i, -1);
	for (int i = 0; i < THREADS; i++)
		connections[i] = rows_connect();
	for (int i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, claim_all, connections[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		void *one;

		pthread_join(threads[i], &one);
		pg_close(connections[i]);
		claimed += (long)one;
	}
	cr_assert_eq(claimed + (rows_claim_due() != NULL), ROWS);
	cr_assert_eq(rows_int("SELECT count(*) FROM refunds WHERE attempts = 1"), ROWS);
}
