/* import_plan.c: a status that is none of the four, and what to make of it */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "import.h"

#define US_PER_S 1000000

/* What the old system's word says by itself. WORD_NONE: nothing (null, a number, an unknown word). */
enum word { WORD_NONE, WORD_PENDING, WORD_CONFIRMED, WORD_COMPLETED, WORD_CANCELLED };

/* As JSON has them. 4 and null are how a status of "payment pending" that the enum lacks ends up in a column of integers. */
static const struct {
	const char *text;
	enum word word;
} words[] = {
	{"4", WORD_PENDING},
	{"\"0\"", WORD_PENDING},
	{"\"Pending\"", WORD_PENDING},
	{"\"PendingPayment\"", WORD_PENDING},
	{"\"AwaitingPayment\"", WORD_PENDING},
	{"\"1\"", WORD_CONFIRMED},
	{"\"Confirmed\"", WORD_CONFIRMED},
	{"\"Booked\"", WORD_CONFIRMED},
	{"\"Paid\"", WORD_CONFIRMED},
	{"\"2\"", WORD_COMPLETED},
	{"\"Completed\"", WORD_COMPLETED},
	{"\"Finished\"", WORD_COMPLETED},
	{"\"3\"", WORD_CANCELLED},
	{"\"Cancelled\"", WORD_CANCELLED},
	{"\"Canceled\"", WORD_CANCELLED},
	{"\"Expired\"", WORD_CANCELLED},
	{"\"Refunded\"", WORD_CANCELLED},
};

static enum word word_of(const char *status)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcasecmp(status, words[i].text) == 0)
			return words[i].word;
	}
	return WORD_NONE;
}

static bool is_over(const struct import_booking *booking, struct instant now)
{
	return booking->starts_at.us + booking->duration_s * US_PER_S <= now.us;
}

static struct import_plan live(enum booking_status status, const char *why)
{
	return (struct import_plan){
		.status = status, .cancel_cause = CAUSE_NONE, .cancelled_at = INSTANT_NONE, .why = why};
}

/* at: when the line does not say when it was cancelled. What the line says of the cause stays, when the check lets it. */
static struct import_plan cancelled(const struct import_booking *booking, struct instant at,
				    enum cancel_cause cause, const char *why)
{
	return (struct import_plan){
		.status = BOOKING_CANCELLED,
		.cancel_cause = booking->cancel_cause ? booking->cancel_cause : cause,
		.cancelled_at = instant_is_none(booking->cancelled_at) ? at : booking->cancelled_at,
		.why = why};
}

static struct import_plan plan_given_back(const struct import_booking *booking)
{
	struct instant last = booking->created_at;
	struct import_plan plan;
	struct import_booking repaired;
	struct err why;
	char status[4];

	for (int i = 0; i < booking->payment_count; i++) {
		if (booking->payments[i].refunded_at.us > last.us)
			last = booking->payments[i].refunded_at;
	}
	plan = cancelled(booking, last, CAUSE_ADMIN, "its payment was given back");
	import_booking_repair(booking, &plan, status, &repaired);
	if (import_booking_check(&repaired, (struct instant){INT64_MAX}, &why)
	    && strcmp(why.code, "too_late") == 0)
		plan.cancel_cause = CAUSE_ADMIN;
	return plan;
}

static struct import_plan plan_unpaid(const struct import_booking *booking, struct instant now)
{
	enum word word = word_of(booking->status);

	if (word == WORD_CANCELLED)
		return cancelled(booking, booking->created_at, CAUSE_PAYMENT_CANCELLED,
				 "it says so, and nobody has paid");
	if (booking->price.minor == 0 && (word == WORD_CONFIRMED || word == WORD_COMPLETED))
		return is_over(booking, now) ? live(BOOKING_COMPLETED, "free, and over")
					     : live(BOOKING_CONFIRMED, "free, and it says so");
	if (word == WORD_COMPLETED && is_over(booking, now))
		return live(BOOKING_COMPLETED, "it says so and is over; no payment is known");
	if (booking->stripe_session_id)
		return live(
			BOOKING_PENDING,
			"no payment is known, but it has a checkout: the reaper asks Stripe how that ended");
	return cancelled(booking, booking->created_at, CAUSE_CHECKOUT_FAILED,
			 "no payment is known, and without a checkout none can come");
}

void import_booking_plan(const struct import_booking *booking, struct instant now, struct import_plan *ret)
{
	bool says_cancelled = word_of(booking->status) == WORD_CANCELLED;
	bool is_kept = false;

	for (int i = 0; i < booking->payment_count; i++)
		is_kept |= instant_is_none(booking->payments[i].refunded_at);
	if (!booking->payment_count)
		*ret = plan_unpaid(booking, now);
	else if (!is_kept)
		*ret = plan_given_back(booking);
	else if (is_over(booking, now))
		*ret = live(
			BOOKING_COMPLETED,
			says_cancelled
				? "it says cancelled, but the payment was never given back and it is over: see"
				  " what is owed"
				: "paid, and over");
	else if (says_cancelled)
		*ret = live(
			BOOKING_CONFIRMED,
			"it says cancelled, but the payment was never given back: cancel it here, which refunds it");
	else
		*ret = live(BOOKING_CONFIRMED, "paid, and not over yet");
}

void import_booking_repair(const struct import_booking *booking, const struct import_plan *plan,
			   char *status_text, struct import_booking *ret)
{
	*ret = *booking;
	(void)snprintf(status_text, 4, "%d", (int)plan->status);
	ret->status = status_text;
	ret->cancel_cause = plan->cancel_cause;
	ret->cancelled_at = plan->cancelled_at;
	if (plan->status != BOOKING_CANCELLED) {
		ret->cancelled_by = NULL;
		ret->cancellation_reason = NULL;
	}
}
