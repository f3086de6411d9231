#include "payment.h"

#include "str.h"

static bool is_the_price(const struct booking *booking, const struct payment *payment)
{
	return booking->price.minor == payment->amount.minor
	       && str_eq(booking->price.currency, payment->amount.currency);
}

static void give_back(struct payment_decision *ret, const char *refund_cause)
{
	*ret = (struct payment_decision){PAYMENT_RETURN, CAUSE_NONE, refund_cause};
}

static void give_back_and_cancel(struct payment_decision *ret, enum cancel_cause cause)
{
	*ret = (struct payment_decision){PAYMENT_RETURN_AND_CANCEL, cause, cancel_cause_name(cause)};
}

void payment_decide(const struct booking *booking, const struct payment *payment, struct instant now,
		    bool slot_is_free, struct payment_decision *ret)
{
	bool is_ahead = now.us < booking->starts_at.us;

	if (!is_the_price(booking, payment)) {
		if (booking->status == BOOKING_PENDING)
			give_back_and_cancel(ret, CAUSE_AMOUNT_MISMATCH);
		else
			give_back(ret, cancel_cause_name(CAUSE_AMOUNT_MISMATCH));
		return;
	}
	switch (booking->status) {
	case BOOKING_PENDING:
		if (is_ahead)
			*ret = (struct payment_decision){.outcome = PAYMENT_CONFIRM};
		else
			give_back_and_cancel(ret, CAUSE_TOO_LATE_TO_PAY);
		return;
	case BOOKING_CONFIRMED:
	case BOOKING_COMPLETED:
		give_back(ret, "second_payment");
		return;
	case BOOKING_CANCELLED:
		if (booking_may_revive(booking, now) && slot_is_free)
			*ret = (struct payment_decision){.outcome = PAYMENT_REVIVE};
		else
			give_back(ret, "late_payment");
		return;
	}
}

void payment_decide_free(const struct booking *booking, struct instant now, struct payment_decision *ret)
{
	*ret = (struct payment_decision){.outcome = PAYMENT_RETURN};
	if (booking->status != BOOKING_PENDING)
		return;
	if (now.us < booking->starts_at.us)
		ret->outcome = PAYMENT_CONFIRM;
	else
		*ret = (struct payment_decision){PAYMENT_RETURN_AND_CANCEL, CAUSE_TOO_LATE_TO_PAY, NULL};
}

bool payment_is_kept(enum payment_outcome outcome)
{
	return outcome == PAYMENT_CONFIRM || outcome == PAYMENT_REVIVE;
}
