#include "refund_promise.h"

#include <string.h>

#include "str.h"

struct refund_promise refund_promise(struct money captured, const struct refund_beside *beside)
{
	struct refund_promise promise = {REFUND_PROMISE_ALL, captured, captured};
	int64_t before = beside->by_hand_minor;

	if (before < 0)
		before = 0;
	if (before > captured.minor)
		before = captured.minor;
	promise.returned_before.minor = before;
	promise.rest.minor = captured.minor - before;
	if (before > 0 && promise.rest.minor == 0)
		promise.kind = REFUND_PROMISE_RETURNED;
	else if (beside->is_disputed)
		promise.kind = REFUND_PROMISE_DISPUTED;
	else if (before > 0)
		promise.kind = REFUND_PROMISE_REST;
	return promise;
}

bool dispute_takes_money(const char *stripe_status)
{
	return !str_starts(stripe_status, "warning_") && strcmp(stripe_status, "won") != 0;
}
