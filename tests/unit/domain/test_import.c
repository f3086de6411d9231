/* test_import.c: what may be taken over, and what a status that is none most likely meant; every combination of the facts. */
#include <criterion/criterion.h>
#include <string.h>

#include "import.h"
#include "sample.h"

#define NOW_US        SAMPLE_START_US
#define PAYMENT_CASES 7

static const struct instant now = {NOW_US};

static struct import_payment payment(const char *id, const char *refund, int64_t minor)
{
	return (struct import_payment){.payment_intent = id,
				       .amount = {minor, "EUR"},
				       .captured_at = before_start(90 * 24 * US_PER_HOUR),
				       .refund_id = refund,
				       .refunded_at =
					       refund ? before_start(80 * 24 * US_PER_HOUR) : INSTANT_NONE};
}

/* The ways in which a booking may have been paid: none, kept, given back, both in either order, twice kept, of another amount. */
static int pay(int which, struct import_payment ret[2])
{
	ret[0] = payment("pi_1", which == 2 || which == 4 ? "re_1" : NULL, which == 6 ? 4400 : 4500);
	ret[1] = payment("pi_2", which == 3 ? "re_2" : NULL, 4500);
	return which == 0 ? 0 : which >= 3 && which <= 5 ? 2 : 1;
}

/* Paid, Confirmed, in three days. */
static struct import_booking sample(struct import_payment payments[2])
{
	pay(1, payments);
	return (struct import_booking){.id = 7,
				       .parent = "p",
				       .teacher = "t",
				       .title = "Algebra",
				       .starts_at = {NOW_US + 72 * US_PER_HOUR},
				       .duration_s = HOUR_S,
				       .status = "1",
				       .price = {4500, "EUR"},
				       .cancel_notice_s = DAY_S,
				       .stripe_session_id = "cs_test_7",
				       .hold_expires_at = INSTANT_NONE,
				       .created_at = before_start(100 * 24 * US_PER_HOUR),
				       .cancelled_at = INSTANT_NONE,
				       .payment_count = 1,
				       .payments = payments};
}

static const char *refused(const struct import_booking *booking)
{
	static struct err err;

	err = (struct err){0};
	return import_booking_check(booking, now, &err) ? err.code : "";
}

Test(import, only_the_four_numbers_are_a_status)
{
	static const char *const others[] = {"",      "4",     "-1",    "10",   "01",
					     "1.0",   "1e0",   "\"1\"", "null", "true",
					     "false", "\"0\"", "[1]",   "{}",   "\"PendingPayment\"",
					     " 1"};
	static const char *const numbers[] = {"0", "1", "2", "3"};
	enum booking_status status;

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		cr_expect_not(import_status_decode(others[i], &status), "%s", others[i]);
	for (int i = 0; i < 4; i++)
		cr_expect(import_status_decode(numbers[i], &status) && (int)status == i);
}

Test(import, a_booking_that_was_sold_and_paid_is_taken_over)
{
	struct import_payment payments[2];
	struct import_booking booking = sample(payments);

	cr_expect_str_eq(refused(&booking), "");
	cr_expect_str_eq(import_booking_payment(&booking)->payment_intent, "pi_1");
}

/* Each facts' combination in turn. */
struct facts {
	int status, paid;
	bool has_checkout, is_over, has_time, is_free;
	enum cancel_cause cause;
};

static struct import_booking make(const struct facts *facts, struct import_payment payments[2])
{
	static const char *const statuses[] = {"0",
					       "1",
					       "2",
					       "3",
					       "null",
					       "4",
					       "\"pendingPAYMENT\"",
					       "\"Confirmed\"",
					       "\"Completed\"",
					       "\"Cancelled\"",
					       "17"};
	struct import_booking booking = sample(payments);

	booking.status = statuses[facts->status];
	booking.payment_count = pay(facts->paid, payments);
	booking.price.minor = facts->is_free ? 0 : 4500;
	if (!facts->has_checkout)
		booking.stripe_session_id = NULL;
	if (facts->is_over)
		booking.starts_at = before_start(24 * US_PER_HOUR);
	if (facts->has_time)
		booking.cancelled_at = before_start(30 * US_PER_HOUR);
	booking.cancel_cause = facts->cause;
	return booking;
}

#define STATUSES 11

static void for_all(void (*judge)(const struct facts *facts, const struct import_booking *booking))
{
	static const enum cancel_cause causes[] = {CAUSE_NONE, CAUSE_PARENT, CAUSE_ADMIN};
	struct import_payment payments[2];

	for (int i = 0; i < STATUSES * PAYMENT_CASES * 16 * 3; i++) {
		const struct facts facts = {.status = i % STATUSES,
					    .paid = i / STATUSES % PAYMENT_CASES,
					    .has_checkout = i / STATUSES / PAYMENT_CASES & 1,
					    .is_over = i / STATUSES / PAYMENT_CASES & 2,
					    .has_time = i / STATUSES / PAYMENT_CASES & 4,
					    .is_free = i / STATUSES / PAYMENT_CASES & 8,
					    .cause = causes[i / STATUSES / PAYMENT_CASES / 16]};
		struct import_booking booking = make(&facts, payments);

		judge(&facts, &booking);
	}
}

static int passed;

/* The invariants of the design, said once more for the line. */
static void keeps_the_invariants(const struct facts *facts, const struct import_booking *booking)
{
	int kept = 0;

	if (refused(booking)[0])
		return;
	passed++;
	for (int i = 0; i < booking->payment_count; i++) {
		if (booking->payments[i].refund_id)
			continue;
		kept++;
		cr_assert(money_equal(booking->payments[i].amount, booking->price));
	}
	cr_assert_lt(facts->status, 4, "I6: %s", booking->status);
	cr_assert_leq(kept, 1, "I1");
	cr_assert(kept == 0 || facts->status == 1 || facts->status == 2, "I1, I2");
	cr_assert_eq(facts->status == 3, facts->has_time, "I6");
	cr_assert_eq(facts->status == 3, facts->cause != CAUSE_NONE, "I6");
	if (facts->status == 0)
		cr_assert(facts->has_checkout && !booking->payment_count, "somebody can pay it, nobody has");
	if (facts->status == 1)
		cr_assert(kept || facts->is_free, "a cancel has something to give back");
	if (facts->status == 3 && facts->cause == CAUSE_PARENT && import_booking_payment(booking))
		cr_assert_gt(booking->starts_at.us - booking->cancelled_at.us, DAY_S * US_PER_S, "I5");
}

Test(import, whatever_is_taken_over_keeps_the_invariants)
{
	passed = 0;
	for_all(keeps_the_invariants);
	cr_expect_gt(passed, 50, "only %d passed: this test looks at nothing", passed);
}

/* With one kept payment of the price, or none, every repair can be imported. */
static void is_repaired(const struct facts *facts, const struct import_booking *booking)
{
	struct import_booking repaired;
	struct import_plan plan;
	enum booking_status ignored;
	char status[4];

	if (import_status_decode(booking->status, &ignored))
		return;
	import_booking_plan(booking, now, &plan);
	import_booking_repair(booking, &plan, status, &repaired);
	cr_assert(plan.why && plan.why[0]);
	cr_assert_eq(plan.status == BOOKING_CANCELLED, plan.cancel_cause != CAUSE_NONE);
	cr_assert_eq(plan.status == BOOKING_CANCELLED, !instant_is_none(plan.cancelled_at));
	if (facts->is_free || facts->paid == 5 || facts->paid == 6)
		return; /* money that does not add up is for a person */
	cr_assert_str_eq(refused(&repaired), "", "%s, paid %d: %s", booking->status, facts->paid,
			 refused(&repaired));
	if (facts->paid == 1 || facts->paid == 3 || facts->paid == 4)
		cr_assert_eq((int)plan.status, facts->is_over ? 2 : 1, "kept money is a session");
	if (facts->paid == 2)
		cr_assert_eq(plan.status, BOOKING_CANCELLED, "money that went back is none");
}

Test(import, every_plan_gives_a_booking_that_can_be_taken_over)
{
	for_all(is_repaired);
}

static struct import_plan plan_of(const char *status, bool has_checkout, bool is_over)
{
	struct import_payment payments[2];
	struct import_booking booking = sample(payments);
	struct import_plan plan;

	booking.status = status;
	booking.payment_count = 0;
	if (!has_checkout)
		booking.stripe_session_id = NULL;
	if (is_over)
		booking.starts_at = before_start(24 * US_PER_HOUR);
	import_booking_plan(&booking, now, &plan);
	return plan;
}

Test(import, without_a_payment_the_checkout_decides_then_the_word)
{
	static const char *const unsaid[] = {"null", "4", "\"PendingPayment\"", "\"Confirmed\"", "17", ""};

	for (size_t i = 0; i < sizeof unsaid / sizeof *unsaid; i++) {
		cr_expect_eq(plan_of(unsaid[i], true, false).status, BOOKING_PENDING, "%s", unsaid[i]);
		cr_expect_eq(plan_of(unsaid[i], false, false).status, BOOKING_CANCELLED, "%s", unsaid[i]);
		cr_expect_eq(plan_of(unsaid[i], false, false).cancel_cause, CAUSE_CHECKOUT_FAILED);
	}
	cr_expect_eq(plan_of("\"Canceled\"", true, false).cancel_cause, CAUSE_PAYMENT_CANCELLED);
	cr_expect_eq(plan_of("\"2\"", false, true).status, BOOKING_COMPLETED);
	cr_expect_eq(plan_of("\"2\"", false, false).status, BOOKING_CANCELLED);
}

Test(import, a_pending_hold_ends_as_the_api_would_end_it)
{
	struct import_payment payments[2];
	struct import_booking booking = sample(payments);

	cr_expect(instant_is_none(import_booking_hold_end(&booking)));
	booking.status = "0";
	cr_expect_eq(import_booking_hold_end(&booking).us, booking.created_at.us + IMPORT_HOLD_S * US_PER_S);
	booking.hold_expires_at = now;
	cr_expect_eq(import_booking_hold_end(&booking).us, now.us);
}

Test(import, exactly_the_notice_before_the_start_is_too_late_for_a_parent)
{
	struct import_payment payments[2];
	struct import_booking booking = sample(payments);

	pay(2, payments);
	booking.status = "3";
	booking.starts_at = before_start(0);
	booking.cancel_cause = CAUSE_PARENT;
	booking.cancelled_at = before_start(24 * US_PER_HOUR);
	cr_expect_str_eq(refused(&booking), "too_late");
	booking.cancelled_at = before_start(24 * US_PER_HOUR + 1);
	cr_expect_str_eq(refused(&booking), "");
	booking.cancelled_at = before_start(1);
	booking.cancel_cause = CAUSE_ADMIN;
	cr_expect_str_eq(refused(&booking), "");
}

Test(import, nobody_is_their_own_guardian)
{
	struct import_user user = {.subject = "a", .guardian = "a"};
	struct err err = {0};

	cr_expect_eq(import_user_check(&user, &err), ERR_REJECT);
	user.guardian = "b";
	cr_expect_eq(import_user_check(&user, &err), ERR_OK);
}
