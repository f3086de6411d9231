#include "refund.h"

#include <stdio.h>
#include <string.h>

#include "names.h"

static const char *const state_names[] = {
	[REFUND_REQUESTED] = "requested", [REFUND_SENDING] = "sending",
	[REFUND_PENDING] = "pending",     [REFUND_REQUIRES_ACTION] = "requires_action",
	[REFUND_SUCCEEDED] = "succeeded", [REFUND_FAILED] = "failed",
	[REFUND_CANCELED] = "canceled",   [REFUND_NEEDS_ATTENTION] = "needs_attention",
};

const char *refund_state_name(enum refund_state state)
{
	return name_find(state_names, NAMES_COUNT(state_names), (size_t)state);
}

bool refund_state_decode(const char *name, enum refund_state *ret_state)
{
	size_t value;

	if (!name_decode(state_names, NAMES_COUNT(state_names), name, &value))
		return false;
	*ret_state = (enum refund_state)value;
	return true;
}

bool refund_state_is_final(enum refund_state state)
{
	return state == REFUND_SUCCEEDED || state == REFUND_FAILED || state == REFUND_CANCELED
	       || state == REFUND_NEEDS_ATTENTION;
}

bool refund_state_is_unwell(enum refund_state state)
{
	return refund_state_is_final(state) && state != REFUND_SUCCEEDED;
}

void refund_key(const struct refund *refund, char ret_key[REFUND_KEY_BYTES])
{
	snprintf(ret_key, REFUND_KEY_BYTES, "refund:%s:%d", refund->id, refund->generation);
}

bool refund_may_exist(const struct refund *refund)
{
	return refund->attempts > 1 || refund->generation > 1 || !instant_is_none(refund->first_sent_at)
	       || (refund->state != REFUND_REQUESTED && refund->state != REFUND_SENDING);
}

enum refund_answer refund_answer_replayed(enum refund_answer answer)
{
	switch (answer) {
	case REFUND_ANSWER_ALREADY:
	case REFUND_ANSWER_DISPUTED:
	case REFUND_ANSWER_REFUSED:
	case REFUND_ANSWER_REPLAYED_ERROR:
	case REFUND_ANSWER_UNKNOWN:
		return REFUND_ANSWER_REPLAYED_ERROR;
	case REFUND_ANSWER_REFUND:
	case REFUND_ANSWER_KEY_CONFLICT:
	case REFUND_ANSWER_TWIN:
	case REFUND_ANSWER_BUSY:
	case REFUND_ANSWER_CREDENTIALS:
	case REFUND_ANSWER_NOT_SENT:
		return answer;
	}
	return answer;
}

bool refund_wants_list_after(enum refund_answer answer)
{
	return answer == REFUND_ANSWER_REPLAYED_ERROR || answer == REFUND_ANSWER_ALREADY;
}

static void keep_newest(struct stripe_refund *newest, const struct stripe_refund *found)
{
	if (!newest->id[0] || found->created_at.us > newest->created_at.us)
		*newest = *found;
}

void refund_list_add(struct refund_list *list, const struct refund *refund, const struct stripe_refund *found)
{
	bool ours = strcmp(found->refund_id, refund->id) == 0;
	bool same_payment = strcmp(found->payment_intent, refund->payment_intent) == 0;
	bool counts = same_payment && strcmp(found->amount.currency, refund->captured.currency) == 0;

	if (!ours && !same_payment)
		return;
	if (!stripe_refund_is_live(found)) {
		if (ours && found->generation == refund->generation)
			keep_newest(&list->ours_failed, found);
		return;
	}
	if (!list->newest_live.id[0] || found->status < list->live_status)
		list->live_status = found->status;
	if (counts && __builtin_add_overflow(list->live_minor, found->amount.minor, &list->live_minor))
		list->live_minor = INT64_MAX;
	keep_newest(&list->newest_live, found);
	if (!ours)
		return;
	keep_newest(&list->ours, found);
	list->ours_is_current |= found->generation == refund->generation;
}
