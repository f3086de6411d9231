#include "cancel.h"

#include <stdio.h>
#include <string.h>

#define US_PER_S 1000000

/* One way in which an actor may cancel a booking: under which cause, and before which moment. */
struct right {
	enum cancel_cause cause;
	struct instant deadline; /* exclusive */
};

/* starts_at - notice_s, held inside the range of an instant. A notice below zero counts as none. */
static struct instant deadline_for(struct instant starts_at, int64_t notice_s)
{
	int64_t notice_us;
	struct instant deadline;

	if (notice_s <= 0)
		return starts_at;
	if (__builtin_mul_overflow(notice_s, (int64_t)US_PER_S, &notice_us)
	    || __builtin_sub_overflow(starts_at.us, notice_us, &deadline.us))
		return (struct instant){INT64_MIN + 1}; /* INT64_MIN is INSTANT_NONE */
	return deadline;
}

static int64_t teacher_notice_s(const struct booking *booking, const struct cancel_policy *policy)
{
	if (policy && policy->teacher_notice_s >= 0 && policy->teacher_notice_s < booking->cancel_notice_s)
		return policy->teacher_notice_s;
	return booking->cancel_notice_s;
}

/* The actor's rights in the order in which they are tried. Returns how many, 0 to 3. */
static int rights_of(const struct booking *booking, const struct actor *actor,
		     const struct cancel_policy *policy, struct right ret_rights[3])
{
	int count = 0;

	if (actor->user_id && actor->user_id == booking->parent_id && (actor->roles & ROLE_PARENT))
		ret_rights[count++] = (struct right){
			CAUSE_PARENT, deadline_for(booking->starts_at, booking->cancel_notice_s)};
	if (actor->user_id && actor->user_id == booking->teacher_id && (actor->roles & ROLE_TEACHER))
		ret_rights[count++] = (struct right){
			CAUSE_TEACHER, deadline_for(booking->starts_at, teacher_notice_s(booking, policy))};
	if (actor->roles & ROLE_ADMIN)
		ret_rights[count++] = (struct right){CAUSE_ADMIN, booking->starts_at};
	if (booking->status == BOOKING_PENDING) { /* unpaid: the notice protects nobody yet */
		for (int i = 0; i < count; i++)
			ret_rights[i].deadline = booking->starts_at;
	}
	return count;
}

static const struct right *right_at(const struct right *rights, int count, struct instant now)
{
	for (int i = 0; i < count; i++) {
		if (now.us < rights[i].deadline.us)
			return &rights[i];
	}
	return NULL;
}

static enum cancel_outcome outcome_of(const struct booking *booking)
{
	if (booking->status == BOOKING_PENDING)
		return CANCEL_RELEASE;
	return booking_is_paid(booking) ? CANCEL_AND_REFUND : CANCEL_UNPAID;
}

enum err_kind cancel_decide(const struct booking *booking, const struct actor *actor,
			    const struct cancel_policy *policy, struct instant now, struct cancellation *ret,
			    struct err *err)
{
	struct right rights[3];
	int count = rights_of(booking, actor, policy, rights);
	const struct right *right;

	if (count == 0)
		return err_set(err, ERR_REJECT, "not_yours", "not a party to booking %lld",
			       (long long)booking->id);
	switch (booking->status) {
	case BOOKING_CANCELLED:
		*ret = booking_may_revive(booking, now)
			       ? (struct cancellation){CANCEL_RELEASE, rights[0].cause}
			       : (struct cancellation){CANCEL_REPEATED, CAUSE_NONE};
		return ERR_OK;
	case BOOKING_COMPLETED:
		return err_set(err, ERR_REJECT, "not_cancellable", "booking %lld is completed",
			       (long long)booking->id);
	case BOOKING_PENDING:
	case BOOKING_CONFIRMED:
		break;
	}
	if (now.us >= booking->starts_at.us)
		return err_set(err, ERR_REJECT, "not_cancellable", "booking %lld has started",
			       (long long)booking->id);
	right = right_at(rights, count, now);
	if (!right)
		return err_set(err, ERR_REJECT, "too_late", "booking %lld starts too soon",
			       (long long)booking->id);
	*ret = (struct cancellation){outcome_of(booking), right->cause};
	return ERR_OK;
}

static struct instant last_deadline(const struct right *rights, int count)
{
	struct instant last = rights[0].deadline;

	for (int i = 1; i < count; i++) {
		if (rights[i].deadline.us > last.us)
			last = rights[i].deadline;
	}
	return last;
}

void cancel_offer_for(const struct booking *booking, const struct actor *actor,
		      const struct cancel_policy *policy, struct instant now, struct cancel_offer *ret)
{
	struct right rights[3];
	int count = rights_of(booking, actor, policy, rights);

	*ret = (struct cancel_offer){.deadline = INSTANT_NONE};
	if (count == 0) {
		ret->message_code = "not_yours";
		return;
	}
	switch (booking->status) {
	case BOOKING_CANCELLED:
		ret->message_code = "already_cancelled";
		return;
	case BOOKING_COMPLETED:
		ret->message_code = "not_cancellable";
		return;
	case BOOKING_PENDING:
	case BOOKING_CONFIRMED:
		break;
	}
	ret->deadline = last_deadline(rights, count);
	ret->can_cancel = now.us < ret->deadline.us;
	if (now.us >= booking->starts_at.us)
		ret->message_code = "not_cancellable";
	else if (!ret->can_cancel)
		ret->message_code = "too_late";
	else if (booking->status == BOOKING_PENDING)
		ret->message_code = booking->payment_awaited ? "payment_awaited" : "pending";
	else
		ret->message_code = "can_cancel";
}

const char *cancel_promise_code(const struct refund_promise *promise)
{
	switch (promise->kind) {
	case REFUND_PROMISE_ALL:
		return "can_cancel";
	case REFUND_PROMISE_REST:
		return "can_cancel_rest";
	case REFUND_PROMISE_RETURNED:
		return "can_cancel_returned";
	case REFUND_PROMISE_DISPUTED:
		return "can_cancel_disputed";
	case REFUND_PROMISE_BY_HAND:
		return "can_cancel_by_hand";
	case REFUND_PROMISE_CHARGED_BACK:
		break;
	}
	return "can_cancel_charged_back";
}

/* "until they start", "until 24 hours before they start", "until 90 minutes before ...". Seconds are
 * rounded up to whole minutes, so that nobody is told of a moment that is already too late. */
static void until_words(int64_t notice_s, const char *who, char *ret_text, size_t cap)
{
	int64_t minutes = notice_s / 60 + (notice_s % 60 > 0);
	int64_t hours = minutes / 60;
	int64_t rest = minutes % 60;

	if (notice_s <= 0)
		snprintf(ret_text, cap, "until %s", who);
	else if (rest == 0)
		snprintf(ret_text, cap, "until %lld hour%s before %s", (long long)hours,
			 hours == 1 ? "" : "s", who);
	else if (hours < 2)
		snprintf(ret_text, cap, "until %lld minute%s before %s", (long long)minutes,
			 minutes == 1 ? "" : "s", who);
	else
		snprintf(ret_text, cap, "until %lld hours and %lld minute%s before %s", (long long)hours,
			 (long long)rest, rest == 1 ? "" : "s", who);
}

void cancel_message(const char *message_code, int64_t notice_s, const char *rest, char *ret_text, size_t cap)
{
	static const struct {
		const char *code, *before, *who, *after; /* who NULL: no word about the notice */
	} sentences[] = {
		{"can_cancel", "You can cancel ", "the session starts", ". The payment is returned in full."},
		{"can_cancel_rest", "You can cancel ", "the session starts",
		 ". What remains of the payment is returned: "},
		{"can_cancel_returned", "You can cancel ", "the session starts",
		 ". The payment was sent back before."},
		{"can_cancel_disputed", "You can cancel ", "the session starts",
		 ". The payment is disputed with the bank, which decides where the money goes."},
		{"can_cancel_by_hand", "You can cancel ", "the session starts",
		 ". The bank has given a part of the payment back; what remains is returned another way: "},
		{"can_cancel_charged_back", "You can cancel ", "the session starts",
		 ". The bank has already given the payment back, so no refund by us follows."},
		{"too_late", "It is too late to cancel: sessions can be cancelled ", "they start", "."},
		{"not_cancellable",
		 "This session has already started or is over, so it can no longer be cancelled.", NULL, ""},
		{"already_cancelled", "This session has been cancelled.", NULL, ""},
		{"pending", "This session is not paid for yet, so it can still be cancelled.", NULL, ""},
		{"payment_awaited",
		 "The payment of this session is being processed; it can still be cancelled.", NULL, ""},
		{"not_yours", "Only the parent, the teacher or an administrator can cancel this session.",
		 NULL, ""},
	};
	char until[96] = "";
	bool says_rest;

	if (cap > 0)
		ret_text[0] = '\0';
	for (size_t i = 0; message_code && i < sizeof(sentences) / sizeof(sentences[0]); i++) {
		if (strcmp(sentences[i].code, message_code) != 0)
			continue;
		if (sentences[i].who)
			until_words(notice_s, sentences[i].who, until, sizeof(until));
		says_rest = strcmp(message_code, "can_cancel_rest") == 0
			    || strcmp(message_code, "can_cancel_by_hand") == 0;
		snprintf(ret_text, cap, "%s%s%s%s%s", sentences[i].before, until, sentences[i].after,
			 says_rest ? rest : "", says_rest ? "." : "");
		return;
	}
}
