#include "checkout.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "str.h"

static const char *const status_names[] =
	{[CHECKOUT_OPEN] = "open", [CHECKOUT_COMPLETE] = "complete", [CHECKOUT_EXPIRED] = "expired"};
static const char *const paid_names[] = {[CHECKOUT_UNPAID] = "unpaid",
					 [CHECKOUT_PAID] = "paid",
					 [CHECKOUT_NOTHING_TO_PAY] = "no_payment_required"};

static enum checkout_proof prove_complete(const struct checkout *checkout)
{
	switch (checkout->paid) {
	case CHECKOUT_PAID:
		return CHECKOUT_PROVES_PAID;
	case CHECKOUT_NOTHING_TO_PAY:
		return CHECKOUT_PROVES_FREE;
	case CHECKOUT_UNPAID:
		return checkout->payment_failed ? CHECKOUT_PROVES_FAILED : CHECKOUT_PROVES_WAIT;
	}
	return CHECKOUT_PROVES_NOTHING;
}

enum checkout_proof checkout_prove(const struct checkout *checkout)
{
	switch (checkout->status) {
	case CHECKOUT_OPEN:
		return CHECKOUT_PROVES_NOTHING;
	case CHECKOUT_COMPLETE:
		return prove_complete(checkout);
	case CHECKOUT_EXPIRED:
		return CHECKOUT_PROVES_UNPAID;
	}
	return CHECKOUT_PROVES_NOTHING;
}

void checkout_payment(const struct checkout *checkout, struct instant at, struct payment *ret_payment)
{
	*ret_payment = (struct payment){
		.payment_intent = checkout->payment_intent,
		.stripe_session_id = checkout->id,
		.charge_id = checkout->charge_id[0] ? checkout->charge_id : NULL,
		.amount = checkout->amount,
		.captured_at = instant_is_none(checkout->captured_at) ? at : checkout->captured_at,
	};
}

enum release_outcome release_decide(const struct booking *booking, const char *stripe_session_id)
{
	if (!str_eq(booking->stripe_session_id, stripe_session_id))
		return RELEASE_OTHER_CHECKOUT;
	switch (booking->status) {
	case BOOKING_PENDING:
		return RELEASED;
	case BOOKING_CANCELLED:
		return RELEASE_REPEATED;
	case BOOKING_CONFIRMED:
	case BOOKING_COMPLETED:
		return RELEASE_NOT_PENDING;
	}
	return RELEASE_NOT_PENDING;
}

static bool is_a_persons(enum cancel_cause cause)
{
	return cause == CAUSE_PARENT || cause == CAUSE_TEACHER || cause == CAUSE_ADMIN
	       || cause == CAUSE_PAYMENT_CANCELLED;
}

bool release_takes_over(const struct booking *booking, enum cancel_cause cause)
{
	return booking->status == BOOKING_CANCELLED && booking->cancel_cause == CAUSE_CHECKOUT_EXPIRED
	       && is_a_persons(cause);
}

bool checkout_id_is_valid(const char *id)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
	size_t len = id ? strlen(id) : 0;

	return len > 3 && len <= 203 && strncmp(id, "cs_", 3) == 0 && strspn(id, plain) == len;
}

void checkout_key(const char *instance_id, int64_t booking_id, char ret_key[CHECKOUT_KEY_BYTES])
{
	(void)snprintf(ret_key, CHECKOUT_KEY_BYTES, "checkout:%.40s:%" PRId64, instance_id, booking_id);
}

const char *checkout_status_name(enum checkout_status status)
{
	return name_find(status_names, NAMES_COUNT(status_names), (size_t)status);
}

bool checkout_status_decode(const char *name, enum checkout_status *ret_status)
{
	size_t value;

	if (!name_decode(status_names, NAMES_COUNT(status_names), name, &value))
		return false;
	*ret_status = (enum checkout_status)value;
	return true;
}

bool checkout_paid_decode(const char *name, enum checkout_paid *ret_paid)
{
	size_t value;

	if (!name_decode(paid_names, NAMES_COUNT(paid_names), name, &value))
		return false;
	*ret_paid = (enum checkout_paid)value;
	return true;
}
