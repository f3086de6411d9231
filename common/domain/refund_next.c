/* refund_next.c: what a refund's worker does next, and what the row says afterwards (design.md rules 6 to
 * 9) */
#include <stdio.h>
#include <string.h>

#include "refund.h"
#include "refund_promise.h"

static bool adds_up(const struct refund *refund, int64_t minor)
{
	return refund->captured.minor > 0 && minor >= refund->captured.minor;
}

static int64_t minor_of(const struct refund *refund, const struct stripe_refund *found)
{
	return strcmp(found->amount.currency, refund->captured.currency) == 0 ? found->amount.minor : 0;
}

static bool can_be_refunded(const struct refund *refund)
{
	return refund->captured.minor > 0 && refund->payment_intent && refund->payment_intent[0];
}

static bool is_unsent_state(enum refund_state state)
{
	return state == REFUND_REQUESTED || state == REFUND_SENDING;
}

/* The row's state for what Stripe says of a refund. */
static enum refund_state state_of(enum stripe_refund_status status)
{
	static const enum refund_state states[] = {
		[STRIPE_REFUND_PENDING] = REFUND_PENDING,
		[STRIPE_REFUND_REQUIRES_ACTION] = REFUND_REQUIRES_ACTION,
		[STRIPE_REFUND_SUCCEEDED] = REFUND_SUCCEEDED,
		[STRIPE_REFUND_FAILED] = REFUND_FAILED,
		[STRIPE_REFUND_CANCELED] = REFUND_CANCELED,
	};

	return states[status];
}

/* Rule 8, as a rank that never falls. NEEDS_ATTENTION gives way to whatever Stripe says. */
static int rank_of(enum refund_state state)
{
	static const int ranks[] = {
		[REFUND_REQUESTED] = 0, [REFUND_SENDING] = 0,         [REFUND_NEEDS_ATTENTION] = 0,
		[REFUND_PENDING] = 1,   [REFUND_REQUIRES_ACTION] = 2, [REFUND_SUCCEEDED] = 3,
		[REFUND_FAILED] = 4,    [REFUND_CANCELED] = 4,
	};

	return ranks[state];
}

static void unchanged(const struct refund *refund, struct refund_change *ret)
{
	*ret = (struct refund_change){.state = refund->state, .generation = refund->generation};
}

/* Move forward to state, or stay. */
static void advance(const struct refund *refund, enum refund_state state, struct refund_change *ret)
{
	unchanged(refund, ret);
	if (rank_of(state) > rank_of(refund->state))
		ret->state = state;
	ret->retry = ret->state == REFUND_PENDING || ret->state == REFUND_REQUIRES_ACTION;
}

static void fail(const struct refund *refund, const struct stripe_refund *failed, struct refund_change *ret)
{
	advance(refund, state_of(failed->status), ret);
	ret->alarm = ret->mails_parent = true;
	snprintf(ret->reason, sizeof(ret->reason), "%s",
		 failed->failure_reason[0] ? failed->failure_reason
					   : stripe_refund_status_name(failed->status));
}

static void needs_attention(const struct refund *refund, const char *reason, struct refund_change *ret)
{
	unchanged(refund, ret);
	ret->state = REFUND_NEEDS_ATTENTION;
	ret->alarm = refund->state != REFUND_NEEDS_ATTENTION;
	snprintf(ret->reason, sizeof(ret->reason), "%s", reason);
}

/* What Stripe shows comes to less than the payment, because something of it failed. */
static void came_to_nothing(const struct refund *refund, const char *reason, struct refund_change *ret)
{
	needs_attention(refund, reason, ret);
	ret->mails_parent = ret->alarm;
}

/* Not known yet: the same key again, after a list. A row that already had a refund at Stripe only looks
 * again. */
static void again(const struct refund *refund, bool counts, struct refund_change *ret)
{
	unchanged(refund, ret);
	if (refund->state == REFUND_SENDING)
		ret->state = REFUND_REQUESTED;
	ret->retry = !refund_state_is_final(refund->state);
	ret->list_next = ret->retry;
	ret->counts_as_failure = ret->retry && counts;
}

enum refund_step refund_plan(const struct refund *refund, const struct refund_list *list)
{
	if (!is_unsent_state(refund->state) || !can_be_refunded(refund) || refund->is_disputed)
		return REFUND_STEP_RECORD;
	if (!list->listed)
		return refund_may_exist(refund) ? REFUND_STEP_RECORD : REFUND_STEP_POST;
	if (!list->whole || list->ours_is_current || list->ours_failed.id[0]
	    || adds_up(refund, list->live_minor))
		return REFUND_STEP_RECORD;
	return REFUND_STEP_POST;
}

/* A refund object answered. It carries what remained, so beside a partial refund made by hand it is less
 * than the whole: what was listed before it counts towards the sum, and without a list the next look makes
 * one. */
static void next_from_made(const struct refund *refund, const struct refund_list *list,
			   const struct stripe_refund *made, struct refund_change *ret)
{
	int64_t live_minor = list->live_minor;

	if (!list->ours_is_current && __builtin_add_overflow(live_minor, minor_of(refund, made), &live_minor))
		live_minor = INT64_MAX;
	if (!stripe_refund_is_live(made)) {
		fail(refund, made, ret);
	} else if (adds_up(refund, live_minor)) {
		advance(refund, state_of(made->status), ret);
	} else {
		advance(refund, REFUND_PENDING, ret);
		ret->list_next = ret->retry;
	}
}

/* Does the list alone settle it? Whatever was seen adds up even when the list broke off; absence needs the
 * whole of it. */
static bool next_from_list(const struct refund *refund, const struct refund_list *list,
			   struct refund_change *ret)
{
	if (adds_up(refund, list->live_minor)) {
		advance(refund, state_of(list->live_status), ret);
		return true;
	}
	if (!list->whole)
		return false;
	if (list->ours_is_current) { /* took what remained, yet the sum is short: another one failed after it */
		came_to_nothing(refund, "refund_short", ret);
		return true;
	}
	if (list->ours_failed.id[0]) {
		fail(refund, &list->ours_failed, ret);
		return true;
	}
	if (is_unsent_state(refund->state) || refund->state == REFUND_NEEDS_ATTENTION)
		return false;
	/* Not FAILED: our own request may still be on its way. */
	came_to_nothing(refund, "adopted_refund_gone", ret);
	return true;
}

/* Nothing of ours is at Stripe, and nothing may be sent while the bank decides. An unknown list tells neither. */
static bool is_held_back(const struct refund *refund, const struct refund_list *list,
			 enum refund_answer answer)
{
	return refund->is_disputed && answer == REFUND_ANSWER_NOT_SENT
	       && ((list->listed && list->whole) || !refund_may_exist(refund));
}

static void next_from_answer(const struct refund *refund, const struct refund_list *list,
			     enum refund_answer answer, struct refund_change *ret)
{
	if (is_held_back(refund, list, answer))
		answer = REFUND_ANSWER_DISPUTED;
	switch (answer) {
	case REFUND_ANSWER_DISPUTED:
		needs_attention(refund, REFUND_REASON_DISPUTED, ret);
		return;
	case REFUND_ANSWER_REFUSED:
		needs_attention(refund, "refused", ret);
		return;
	case REFUND_ANSWER_KEY_CONFLICT:
		needs_attention(refund, "idempotency_error", ret);
		return;
	case REFUND_ANSWER_REPLAYED_ERROR:
		again(refund, true, ret);
		if (list->listed && list->whole && list->after_answer)
			ret->generation++;
		return;
	case REFUND_ANSWER_CREDENTIALS:
	case REFUND_ANSWER_BUSY:
	case REFUND_ANSWER_NOT_SENT:
		again(refund, false, ret);
		return;
	case REFUND_ANSWER_ALREADY:
		again(refund, list->after_answer,
		      ret); /* a list that disagrees is no normal case: back off */
		return;
	case REFUND_ANSWER_TWIN:
	case REFUND_ANSWER_UNKNOWN:
	case REFUND_ANSWER_REFUND: /* taken by next_from_made */
		again(refund, true, ret);
		return;
	}
}

/* Asked for again or not, all of it has gone back: what failed is made good, by hand. */
static void adopt(const struct refund *refund, const struct refund_list *list, struct refund_change *ret)
{
	unchanged(refund, ret);
	ret->state = state_of(list->live_status);
	ret->retry = ret->state != REFUND_SUCCEEDED;
}

/* Waiting longer is no use, and a list of this attempt (or the proof that nothing ever left) says where we
 * stand. Not while the generation rises: the old key is spent, and the new one has had no try yet. */
static bool is_given_up(const struct refund *refund, const struct refund_list *list,
			const struct refund_change *change)
{
	return change->state == REFUND_REQUESTED && change->generation == refund->generation
	       && ((list->listed && list->whole) || !refund_may_exist(refund));
}

/* The order: a refund object that answered; then what the list shows, live ones before failed ones; then
 * the answer. A frozen key: REPLAYED_ERROR alone proves only that the request which froze it has ended,
 * and that one may have made a refund before it failed. A list made *before* this answer can be older than
 * that refund, so the generation rises only on a list made after the answer (list->after_answer; the
 * caller lists again, refund_wants_list_after) that is whole and shows nothing of ours: live ones are
 * adopted and failed ones recorded before the answer is looked at. With the new generation first_sent_at
 * becomes NULL; its first POST comes in the next attempt, which lists again because it is not the first. */
void refund_next(const struct refund *refund, const struct refund_list *list, enum refund_answer answer,
		 const struct stripe_refund *made, bool give_up, struct refund_change *ret)
{
	unchanged(refund, ret);
	if (refund->state == REFUND_FAILED || refund->state == REFUND_CANCELED) {
		if (list->listed && adds_up(refund, list->live_minor))
			adopt(refund, list, ret);
		return;
	}
	if (!can_be_refunded(refund)) {
		needs_attention(refund, "nothing_captured", ret);
		return;
	}
	if (answer == REFUND_ANSWER_REFUND && made) {
		next_from_made(refund, list, made, ret);
		return;
	}
	if (list->listed && next_from_list(refund, list, ret))
		return;
	if (is_unsent_state(refund->state))
		next_from_answer(refund, list, answer, ret);
	else
		again(refund, answer == REFUND_ANSWER_UNKNOWN, ret);
	if (answer == REFUND_ANSWER_CREDENTIALS)
		ret->breaker = ret->alarm = true;
	else if (give_up && is_given_up(refund, list, ret))
		needs_attention(refund, "gave_up", ret);
}

/* Only the sum of all refunds tells what this one means for the row. Before the first answer the coming
 * list will show it. */
static bool event_calls_for_list(const struct refund *refund, bool live, struct refund_change *ret)
{
	switch (refund->state) {
	case REFUND_PENDING:
	case REFUND_REQUIRES_ACTION:
		break;
	case REFUND_SUCCEEDED:
		if (live)
			return false;
		break;
	case REFUND_NEEDS_ATTENTION:
	case REFUND_FAILED:
	case REFUND_CANCELED:
		if (!live)
			return false;
		break;
	case REFUND_REQUESTED:
	case REFUND_SENDING:
		return false;
	}
	unchanged(refund, ret);
	ret->retry = ret->list_next = true;
	return true;
}

bool refund_event_next(const struct refund *refund, const struct stripe_refund *seen,
		       struct refund_change *ret)
{
	bool live = stripe_refund_is_live(seen);
	bool ours = strcmp(seen->refund_id, refund->id) == 0 && seen->generation == refund->generation;

	if (!can_be_refunded(refund) || strcmp(seen->payment_intent, refund->payment_intent) != 0)
		return false;
	if (!ours)
		return event_calls_for_list(refund, live, ret);
	if (rank_of(state_of(seen->status)) <= rank_of(refund->state))
		return false;
	if (!live && !is_unsent_state(refund->state) && refund->state != REFUND_NEEDS_ATTENTION)
		return event_calls_for_list(refund, live, ret); /* one by hand may stand in for it since */
	if (!live) {
		fail(refund, seen, ret);
		return true;
	}
	if (!adds_up(refund, minor_of(refund, seen))) {
		if (!is_unsent_state(refund->state))
			return event_calls_for_list(refund, live, ret);
		advance(refund, REFUND_PENDING, ret);
		ret->list_next = true;
		return true;
	}
	advance(refund, state_of(seen->status), ret);
	return true;
}

bool refund_waits_for_bank(enum refund_state state, const char *reason)
{
	if (!reason)
		return false;
	return (state == REFUND_NEEDS_ATTENTION && strcmp(reason, REFUND_REASON_DISPUTED) == 0)
	       || (state == REFUND_FAILED && strcmp(reason, "charge_for_pending_refund_disputed") == 0);
}

bool refund_dispute_next(const struct refund *refund, const char *reason, const char *dispute_status,
			 struct refund_change *ret)
{
	if (is_unsent_state(refund->state) && !refund_may_exist(refund)
	    && dispute_takes_money(dispute_status)) {
		needs_attention(refund, REFUND_REASON_DISPUTED, ret);
		return true;
	}
	if (!refund_waits_for_bank(refund->state, reason) || strcmp(dispute_status, "won") != 0)
		return false;
	unchanged(refund, ret);
	ret->state = REFUND_REQUESTED;
	ret->retry = true;
	ret->generation += refund->state == REFUND_FAILED;
	return true;
}

bool refund_retry_next(const struct refund *refund, const struct refund_list *list, struct refund_change *ret)
{
	if (!refund_state_is_unwell(refund->state) || !list->listed || !list->whole
	    || !can_be_refunded(refund))
		return false;
	if (adds_up(refund, list->live_minor)) {
		adopt(refund, list, ret);
		return true;
	}
	unchanged(refund, ret);
	ret->state = REFUND_REQUESTED;
	ret->retry = ret->list_next = true;
	if (list->ours_failed.id[0] || list->ours_is_current)
		ret->generation++;
	return true;
}
