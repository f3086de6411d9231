/* Many at once: one decision, no deadlock that is not repeated, no slot sold twice. */
#include <criterion/criterion.h>
#include <pthread.h>

#include "till.h"

TestSuite(races, .init = till_open, .fini = till_close, .timeout = 100);

enum { THREADS = 6, ROUNDS = 15 };

struct runner {
	pthread_t thread;
	pthread_barrier_t *barrier;
	int64_t booking;
	struct payment payment;
	bool releases;
	struct settled settled;
	enum release_outcome outcome;
	enum err_kind kind;
	struct err err;
	struct arena arena;
};

static void *run(void *context)
{
	struct runner *runner = context;
	const struct flow flow = till_flow(&runner->arena);
	const struct release_request request = {.booking_id = runner->booking,
						.cause = CAUSE_CHECKOUT_EXPIRED,
						.stripe_session_id = runner->payment.stripe_session_id,
						.is_closed = true};
	struct booking after;

	pthread_barrier_wait(runner->barrier);
	if (runner->releases)
		runner->kind = release_booking(&flow, &request, &runner->outcome, &after, &runner->err);
	else
		runner->kind = settle_payment(&flow, runner->booking, &runner->payment, &runner->settled,
					      &runner->err);
	return NULL;
}

static void run_all(struct runner *runners)
{
	pthread_barrier_t barrier;

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		arena_init(&runners[i].arena, 1 << 20);
		runners[i].barrier = &barrier;
		cr_assert_eq(pthread_create(&runners[i].thread, NULL, run, &runners[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(runners[i].thread, NULL);
	for (int i = 0; i < THREADS; i++)
		cr_expect_eq(runners[i].kind, ERR_OK, "%s: %s", runners[i].err.code, runners[i].err.msg);
	pthread_barrier_destroy(&barrier);
}

static void end_all(struct runner *runners)
{
	for (int i = 0; i < THREADS; i++)
		arena_release(&runners[i].arena);
}

Test(races, twin_events_decide_a_payment_once)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct runner runners[THREADS] = {0};
		int64_t booking = till_pending(school_text("%d hours", 100 + 2 * round));
		int decided = 0;

		for (int i = 0; i < THREADS; i++) {
			runners[i].booking = booking;
			runners[i].payment = till_payment(booking, 1);
		}
		run_all(runners);
		for (int i = 0; i < THREADS; i++)
			decided += runners[i].settled.outcome == SETTLE_DECIDED;
		cr_assert_eq(decided, 1);
		EXPECT_SUM(booking, "1 2 1 0 2 1 1");
		end_all(runners);
	}
}

Test(races, of_several_payments_one_is_kept_and_the_others_go_back)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct runner runners[THREADS] = {0};
		int64_t booking = till_pending(school_text("%d hours", 100 + 2 * round));
		int kept = 0;

		for (int i = 0; i < THREADS; i++) {
			runners[i].booking = booking;
			runners[i].payment = till_payment(booking, 1 + i);
		}
		run_all(runners);
		for (int i = 0; i < THREADS; i++)
			kept += runners[i].settled.is_kept;
		cr_assert_eq(kept, 1);
		EXPECT_SUM(booking, "1 2 6 5 7 6 11");
		end_all(runners);
	}
}

Test(races, paid_while_it_is_released_ends_paid)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct runner runners[THREADS] = {0};
		int64_t booking = till_pending(school_text("%d hours", 100 + 2 * round));

		for (int i = 0; i < THREADS; i++) {
			runners[i].booking = booking;
			runners[i].payment = till_payment(booking, 1);
			runners[i].releases = i % 2;
		}
		run_all(runners);
		cr_assert_eq(school_int(school_text("SELECT status FROM bookings WHERE id = %lld",
						    (long long)booking)),
			     BOOKING_CONFIRMED);
		cr_assert_eq(school_int(school_text("SELECT count(*) FROM refunds WHERE booking_id = %lld",
						    (long long)booking)),
			     0);
		end_all(runners);
	}
}

/* Expired bookings of one slot, all paid late at the same moment. */
Test(races, of_several_late_payments_for_one_slot_one_revives)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct runner runners[THREADS] = {0};
		int revived = 0, returned = 0;

		for (int i = 0; i < THREADS; i++) {
			runners[i].booking = till_pending(school_text("%d hours", 100 + 2 * round));
			runners[i].payment = till_payment(runners[i].booking, 1);
			till_release(runners[i].booking, CAUSE_CHECKOUT_EXPIRED, true);
		}
		run_all(runners);
		for (int i = 0; i < THREADS; i++) {
			revived += runners[i].settled.decision.outcome == PAYMENT_REVIVE;
			returned += runners[i].settled.decision.outcome == PAYMENT_RETURN;
		}
		cr_assert_eq(revived, 1);
		cr_assert_eq(returned, THREADS - 1);
		end_all(runners);
	}
}
