#include "reconcile.h"

#include "names.h"
#include "str.h"

static const char *const finding_names[] = {
	[RECONCILE_SAME] = "same",
	[RECONCILE_FOREIGN] = "foreign",
	[RECONCILE_NOT_HERE] = "not_here",
	[RECONCILE_NOT_AT_STRIPE] = "not_at_stripe",
	[RECONCILE_AMOUNT] = "amount",
	[RECONCILE_CURRENCY] = "currency",
	[RECONCILE_STATUS] = "status",
	[RECONCILE_OTHER_OWNER] = "other_owner",
	[RECONCILE_TWICE] = "given_back_twice",
};

static enum reconcile_finding compare_money(struct money theirs, struct money ours)
{
	if (!str_eq(theirs.currency, ours.currency))
		return RECONCILE_CURRENCY;
	return theirs.minor == ours.minor ? RECONCILE_SAME : RECONCILE_AMOUNT;
}

enum reconcile_finding reconcile_payment(const struct stripe_payment *theirs, bool is_marked,
					 const struct reconcile_payment *ours)
{
	enum reconcile_finding finding;

	if (!theirs)
		return ours ? RECONCILE_NOT_AT_STRIPE : RECONCILE_SAME;
	if (!ours && !is_marked)
		return RECONCILE_FOREIGN;
	if (!ours)
		return theirs->is_captured ? RECONCILE_NOT_HERE : RECONCILE_SAME;
	if (!theirs->is_captured)
		return RECONCILE_STATUS;
	finding = compare_money(theirs->received, ours->amount);
	if (finding == RECONCILE_SAME && is_marked && theirs->booking_id != ours->booking_id)
		finding = RECONCILE_OTHER_OWNER;
	return finding;
}

/* The tables may know a payment by its charge, of which a refund at Stripe names the PaymentIntent. */
static bool is_of_payment(const struct stripe_refund *theirs, const struct reconcile_refund *ours)
{
	return !str_starts(ours->payment_intent, "pi_")
	       || str_eq(theirs->payment_intent, ours->payment_intent);
}

enum reconcile_finding reconcile_refund(const struct stripe_refund *theirs, bool is_of_ours,
					const struct reconcile_refund *ours)
{
	enum reconcile_finding finding;

	if (!theirs)
		return ours ? RECONCILE_NOT_AT_STRIPE : RECONCILE_SAME;
	if (!ours)
		return is_of_ours ? RECONCILE_NOT_HERE : RECONCILE_FOREIGN;
	if (!is_of_payment(theirs, ours))
		return RECONCILE_OTHER_OWNER;
	finding = compare_money(theirs->amount, ours->amount);
	if (finding == RECONCILE_SAME && theirs->status != ours->status)
		finding = RECONCILE_STATUS;
	return finding;
}

enum reconcile_finding reconcile_request(enum refund_state state, int64_t captured_minor, int64_t live_minor)
{
	switch (state) {
	case REFUND_REQUESTED:
	case REFUND_SENDING:
		return RECONCILE_SAME;
	case REFUND_PENDING:
	case REFUND_REQUIRES_ACTION:
	case REFUND_SUCCEEDED:
		return live_minor < captured_minor ? RECONCILE_NOT_AT_STRIPE : RECONCILE_SAME;
	case REFUND_FAILED:
	case REFUND_CANCELED:
	case REFUND_NEEDS_ATTENTION:
		return live_minor < captured_minor ? RECONCILE_SAME : RECONCILE_STATUS;
	}
	return RECONCILE_STATUS;
}

const char *reconcile_finding_name(enum reconcile_finding finding)
{
	return name_find(finding_names, NAMES_COUNT(finding_names), (size_t)finding);
}

bool reconcile_is_difference(enum reconcile_finding finding)
{
	return finding != RECONCILE_SAME && finding != RECONCILE_FOREIGN;
}
