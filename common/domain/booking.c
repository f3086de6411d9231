#include "booking.h"

#include "names.h"

static const char *const status_names[] = {
	[BOOKING_PENDING] = "Pending",
	[BOOKING_CONFIRMED] = "Confirmed",
	[BOOKING_COMPLETED] = "Completed",
	[BOOKING_CANCELLED] = "Cancelled",
};

static const char *const cause_names[] = {
	[CAUSE_NONE] = NULL,
	[CAUSE_PARENT] = "parent",
	[CAUSE_TEACHER] = "teacher",
	[CAUSE_ADMIN] = "admin",
	[CAUSE_PAYMENT_CANCELLED] = "payment_cancelled",
	[CAUSE_CHECKOUT_EXPIRED] = "checkout_expired",
	[CAUSE_CHECKOUT_FAILED] = "checkout_failed",
	[CAUSE_AMOUNT_MISMATCH] = "amount_mismatch",
	[CAUSE_TOO_LATE_TO_PAY] = "too_late_to_pay",
};

const char *booking_status_name(enum booking_status status)
{
	return name_find(status_names, NAMES_COUNT(status_names), (size_t)status);
}

bool booking_status_decode(int64_t value, enum booking_status *ret_status)
{
	if (value < BOOKING_PENDING || value > BOOKING_CANCELLED)
		return false;
	*ret_status = (enum booking_status)value;
	return true;
}

const char *cancel_cause_name(enum cancel_cause cause)
{
	return name_find(cause_names, NAMES_COUNT(cause_names), (size_t)cause);
}

bool cancel_cause_decode(const char *name, enum cancel_cause *ret_cause)
{
	size_t value = CAUSE_NONE;

	if (name && !name_decode(cause_names, NAMES_COUNT(cause_names), name, &value))
		return false;
	*ret_cause = (enum cancel_cause)value;
	return true;
}

bool booking_may_become(enum booking_status from, enum booking_status to)
{
	switch (from) {
	case BOOKING_PENDING:
		return to == BOOKING_CONFIRMED || to == BOOKING_CANCELLED;
	case BOOKING_CONFIRMED:
		return to == BOOKING_COMPLETED || to == BOOKING_CANCELLED;
	case BOOKING_COMPLETED:
		return false;
	case BOOKING_CANCELLED:
		return to == BOOKING_CONFIRMED;
	}
	return false;
}

bool booking_is_paid(const struct booking *booking)
{
	return booking->payment_intent && booking->payment_intent[0];
}

static bool is_party(const struct actor *actor, enum role role, int64_t party_id)
{
	return actor->user_id != 0 && actor->user_id == party_id && (actor->roles & role);
}

bool booking_parent_is(const struct booking *booking, const struct actor *actor)
{
	return is_party(actor, ROLE_PARENT, booking->parent_id);
}

bool booking_may_revive(const struct booking *booking, struct instant now)
{
	return booking->status == BOOKING_CANCELLED && booking->cancel_cause == CAUSE_CHECKOUT_EXPIRED
	       && now.us < booking->starts_at.us;
}

bool booking_dealings_may_be_read_by(const struct booking *booking, const struct actor *actor)
{
	return (actor->roles & (ROLE_ADMIN | ROLE_SUPPORT)) || booking_parent_is(booking, actor)
	       || is_party(actor, ROLE_TEACHER, booking->teacher_id);
}

bool booking_may_be_read_by(const struct booking *booking, const struct actor *actor)
{
	return booking_dealings_may_be_read_by(booking, actor)
	       || is_party(actor, ROLE_STUDENT, booking->student_id);
}
