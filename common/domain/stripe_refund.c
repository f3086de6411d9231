#include "stripe_refund.h"

#include "names.h"

static const char *const status_names[] = {
	[STRIPE_REFUND_PENDING] = "pending",     [STRIPE_REFUND_REQUIRES_ACTION] = "requires_action",
	[STRIPE_REFUND_SUCCEEDED] = "succeeded", [STRIPE_REFUND_FAILED] = "failed",
	[STRIPE_REFUND_CANCELED] = "canceled",
};

bool stripe_refund_is_live(const struct stripe_refund *refund)
{
	return refund->status != STRIPE_REFUND_FAILED && refund->status != STRIPE_REFUND_CANCELED;
}

const char *stripe_refund_status_name(enum stripe_refund_status status)
{
	return name_find(status_names, NAMES_COUNT(status_names), (size_t)status);
}

bool stripe_refund_status_decode(const char *name, enum stripe_refund_status *ret_status)
{
	size_t value;

	if (!name_decode(status_names, NAMES_COUNT(status_names), name, &value))
		return false;
	*ret_status = (enum stripe_refund_status)value;
	return true;
}
