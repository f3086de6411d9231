#include "refund_promise.h"

#include <string.h>

#include "str.h"

static int64_t within(int64_t minor, int64_t max)
{
	if (minor < 0)
		return 0;
	return minor < max ? minor : max;
}

static enum refund_promise_kind kind_of(const struct refund_promise *promise, bool is_disputed)
{
	if (promise->rest.minor == 0 && promise->charged_back.minor > 0)
		return REFUND_PROMISE_CHARGED_BACK;
	if (promise->rest.minor == 0 && promise->returned_before.minor > 0)
		return REFUND_PROMISE_RETURNED;
	if (is_disputed)
		return REFUND_PROMISE_DISPUTED;
	if (promise->charged_back.minor > 0)
		return REFUND_PROMISE_BY_HAND;
	return promise->returned_before.minor > 0 ? REFUND_PROMISE_REST : REFUND_PROMISE_ALL;
}

struct refund_promise refund_promise(struct money captured, const struct refund_beside *beside)
{
	struct refund_promise promise = {REFUND_PROMISE_ALL, captured, captured, captured,
					 beside->is_on_its_way};
	int64_t by_hand = within(beside->returned_minor, captured.minor);

	promise.charged_back.minor =
		by_hand < captured.minor ? within(beside->charged_back_minor, INT64_MAX - by_hand) : 0;
	promise.returned_before.minor = by_hand + promise.charged_back.minor;
	promise.rest.minor = within(captured.minor - promise.returned_before.minor, captured.minor);
	promise.kind = kind_of(&promise, beside->is_disputed);
	return promise;
}

bool dispute_takes_money(const char *stripe_status)
{
	return !str_starts(stripe_status, "warning_") && strcmp(stripe_status, "won") != 0;
}

static int dispute_rank(const char *status)
{
	if (strcmp(status, "won") == 0 || strcmp(status, "lost") == 0)
		return 3;
	if (!str_starts(status, "warning_"))
		return 2;
	return strcmp(status, "warning_closed") == 0 ? 1 : 0;
}

bool dispute_says_more(const struct dispute_word *known, const struct dispute_word *told)
{
	int known_rank = known->status ? dispute_rank(known->status) : -1, rank = dispute_rank(told->status);

	if (rank != 3 || known_rank != 3)
		return rank > known_rank;
	return strcmp(known->status, told->status) != 0 && told->told_at.us >= known->told_at.us;
}
