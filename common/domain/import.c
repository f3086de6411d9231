#include "import.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "str.h"

#define US_PER_S 1000000

void import_about(enum import_kind kind, int64_t id, const char *name, char ret_about[IMPORT_ABOUT_BYTES])
{
	static const char *const nouns[] = {"", "user", "offer", "booking"};

	if (id)
		(void)snprintf(ret_about, IMPORT_ABOUT_BYTES, "%s %" PRId64, nouns[kind], id);
	else
		(void)snprintf(ret_about, IMPORT_ABOUT_BYTES, "%s%s%s", nouns[kind], name ? " " : "",
			       name ? name : "");
}

static struct instant end_of(const struct import_booking *booking)
{
	return (struct instant){booking->starts_at.us + booking->duration_s * US_PER_S};
}

static bool is_given_back(const struct import_payment *payment)
{
	return payment->refund_id || payment->refund_reference;
}

static int kept_count(const struct import_booking *booking)
{
	int count = 0;

	for (int i = 0; i < booking->payment_count; i++)
		count += !is_given_back(&booking->payments[i]);
	return count;
}

bool import_status_decode(const char *status, enum booking_status *ret_status)
{
	return strlen(status) == 1 && booking_status_decode(status[0] - '0', ret_status);
}

const struct import_payment *import_booking_payment(const struct import_booking *booking)
{
	const struct import_payment *returned = NULL;

	for (int i = 0; i < booking->payment_count; i++) {
		const struct import_payment *payment = &booking->payments[i];

		if (!is_given_back(payment))
			return payment;
		if (!returned && money_equal(payment->amount, booking->price))
			returned = payment;
	}
	return returned;
}

struct instant import_booking_hold_end(const struct import_booking *booking)
{
	enum booking_status status;

	if (!instant_is_none(booking->hold_expires_at) || !import_status_decode(booking->status, &status)
	    || status != BOOKING_PENDING)
		return booking->hold_expires_at;
	return (struct instant){booking->created_at.us + (int64_t)IMPORT_HOLD_S * US_PER_S};
}

enum err_kind import_user_check(const struct import_user *user, struct err *err)
{
	if (user->guardian && strcmp(user->guardian, user->subject) == 0)
		return err_set(err, ERR_REJECT, "own_guardian", "guardian: nobody is their own");
	return ERR_OK;
}

enum err_kind import_offer_check(const struct import_offer *offer, struct err *err)
{
	int64_t most = money_charge_max(offer->price.currency);

	if (offer->active && offer->price.minor > most)
		return err_set(err, ERR_REJECT, "amount_too_large",
			       "amountMinor: Stripe charges at most %lld %s", (long long)most,
			       offer->price.currency);
	return ERR_OK;
}

static bool is_ahead(struct instant at, struct instant now)
{
	return !instant_is_none(at) && at.us > now.us;
}

static enum err_kind check_times(const struct import_booking *booking, struct instant now, struct err *err)
{
	if (is_ahead(booking->created_at, now))
		return err_set(err, ERR_REJECT, "in_future", "createdAt: lies in the future");
	if (is_ahead(booking->cancelled_at, now))
		return err_set(err, ERR_REJECT, "in_future", "cancelledAt: lies in the future");
	for (int i = 0; i < booking->payment_count; i++) {
		if (is_ahead(booking->payments[i].captured_at, now))
			return err_set(err, ERR_REJECT, "in_future",
				       "payments[%d]: capturedAt: lies in the future", i);
		if (is_ahead(booking->payments[i].refunded_at, now))
			return err_set(err, ERR_REJECT, "in_future",
				       "payments[%d]: refundedAt: lies in the future", i);
	}
	return ERR_OK;
}

static enum err_kind check_payment(const struct import_booking *booking, int i, struct err *err)
{
	const struct import_payment *payment = &booking->payments[i];

	if (payment->refund_id && payment->refund_reference)
		return err_set(err, ERR_REJECT, "bad_refund",
			       "payments[%d]: has a refundId and a refundReference, one of them is enough",
			       i);
	if (is_given_back(payment) != !instant_is_none(payment->refunded_at))
		return err_set(err, ERR_REJECT, "bad_refund",
			       "payments[%d]: refundedAt and a refundId or refundReference go together", i);
	if (payment->refund_reference && str_is_blank(payment->refund_reference))
		return err_set(err, ERR_REJECT, "bad_refund", "payments[%d]: its refundReference is blank",
			       i);
	if (!is_given_back(payment) && !money_equal(payment->amount, booking->price))
		return err_set(err, ERR_REJECT, "amount_differs",
			       "payments[%d]: its amount or currency is not the booking's, and it was not"
			       " refunded",
			       i);
	return ERR_OK;
}

static enum err_kind check_payments(const struct import_booking *booking, struct err *err)
{
	for (int i = 0; i < booking->payment_count; i++) {
		if (check_payment(booking, i, err))
			return err->kind;
	}
	if (kept_count(booking) > 1)
		return err_set(err, ERR_REJECT, "two_payments",
			       "payments: more than one was kept; all but one must have been refunded");
	return ERR_OK;
}

/* Who cancelled must have been in time, as the invariants demand of a paid booking. */
static bool is_too_late(const struct import_booking *booking)
{
	if (booking->cancel_cause != CAUSE_PARENT && booking->cancel_cause != CAUSE_TEACHER)
		return false;
	return import_booking_payment(booking)
	       && booking->starts_at.us - booking->cancelled_at.us <= booking->cancel_notice_s * US_PER_S;
}

static enum err_kind check_cancelled(const struct import_booking *booking, struct err *err)
{
	if (instant_is_none(booking->cancelled_at))
		return err_set(err, ERR_REJECT, "not_cancelled",
			       "cancelledAt: is required with status 3 (Cancelled)");
	if (booking->cancel_cause == CAUSE_NONE)
		return err_set(err, ERR_REJECT, "not_cancelled",
			       "cancelCause: is required with status 3 (Cancelled)");
	if (kept_count(booking))
		return err_set(
			err, ERR_REJECT, "no_refund",
			"payments: status 3 (Cancelled), and a payment was not refunded; say how it was, or import it"
			" with status 1 and cancel it here");
	if (is_too_late(booking))
		return err_set(
			err, ERR_REJECT, "too_late",
			"cancelledAt: is later than its notice allows a %s; cancelCause admin, or a shorter"
			" cancelNoticeMinutes",
			cancel_cause_name(booking->cancel_cause));
	return ERR_OK;
}

static enum err_kind check_live(const struct import_booking *booking, enum booking_status status,
				struct instant now, struct err *err)
{
	bool is_paid = kept_count(booking) > 0 || booking->price.minor == 0;

	if (!instant_is_none(booking->cancelled_at) || booking->cancel_cause != CAUSE_NONE
	    || booking->cancelled_by || booking->cancellation_reason)
		return err_set(err, ERR_REJECT, "not_cancelled",
			       "status: is %d (%s), yet the line says that it was cancelled", (int)status,
			       booking_status_name(status));
	if (status == BOOKING_PENDING && booking->payment_count)
		return err_set(err, ERR_REJECT, "not_payable",
			       "payments: status 0 (Pending) means that nobody has paid; it is status 1");
	if (status == BOOKING_PENDING && !booking->stripe_session_id)
		return err_set(
			err, ERR_REJECT, "not_payable",
			"stripeSessionId: nobody can pay status 0 (Pending) without one; it is status 3");
	if (status == BOOKING_CONFIRMED && !is_paid)
		return err_set(err, ERR_REJECT, "not_paid",
			       "payments: status 1 (Confirmed) needs the payment that a cancel gives back");
	if (status == BOOKING_COMPLETED && end_of(booking).us > now.us)
		return err_set(err, ERR_REJECT, "not_over", "status: is 2 (Completed), yet it has not ended");
	return ERR_OK;
}

enum err_kind import_booking_check(const struct import_booking *booking, struct instant now, struct err *err)
{
	enum booking_status status;

	if (!import_status_decode(booking->status, &status))
		return err_set(
			err, ERR_REJECT, "bad_status",
			"status: %s is not 0, 1, 2 or 3; unbookctl statuses says what it may have meant",
			booking->status[0] ? booking->status : "none");
	if (!booking->id && !booking->stripe_session_id && !booking->payment_count)
		return err_set(err, ERR_REJECT, "no_identity",
			       "id: without it a booking needs a stripeSessionId or a payment");
	if (check_times(booking, now, err) || check_payments(booking, err))
		return err->kind;
	return status == BOOKING_CANCELLED ? check_cancelled(booking, err)
					   : check_live(booking, status, now, err);
}
