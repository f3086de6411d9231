#include "session_refund.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rfc3339.h"

#define US_PER_DAY (INT64_C(86400) * 1000000)

/* Banks show a refund 5 to 10 business days after Stripe sent it (Stripe docs, "Refund and cancel payments"). */
#define REFUND_BUSINESS_DAYS 10
#define BANKS_TAKE           "banks take 5 to 10 business days to show it"

static const char disputed_words[] =
	"The payment is disputed with the bank, which decides where the money goes.";

static struct instant add_business_days(struct instant at, int days)
{
	struct civil_time civil;

	while (days > 0) {
		at.us += US_PER_DAY;
		civil_from_instant(at, &civil);
		days -= civil.weekday < 5;
	}
	return at;
}

/* A dispute keeps a refund from being sent, and from being made again; one that stands at Stripe is not undone by it. */
static bool waits_for_the_bank(const struct booking_view *view)
{
	return view->has_refund && !view->refund.is_settled
	       && (view->refund.state == REFUND_REQUESTED || view->refund.state == REFUND_SENDING
		   || refund_state_is_unwell(view->refund.state));
}

/* What the bank gave back after a lost dispute does not change what is said of a refund that went out beside it. */
static struct refund_promise promise_of(const struct booking_view *view)
{
	struct refund_beside beside = view->beside;

	if (view->has_refund && !view->refund.is_settled && !waits_for_the_bank(view))
		beside.charged_back_minor = 0;
	return refund_promise(view->has_refund ? view->refund.captured : view->booking.price, &beside);
}

/* A dispute holds the refund back: nobody knows yet who gives the money to whom. */
static bool is_for_the_bank_to_decide(const struct booking_view *view)
{
	return promise_of(view).kind == REFUND_PROMISE_DISPUTED && waits_for_the_bank(view);
}

/* The bank has given a part back: the rest goes neither through Stripe nor to the card. */
static bool is_left_to_us(const struct booking_view *view)
{
	return promise_of(view).kind == REFUND_PROMISE_BY_HAND && waits_for_the_bank(view);
}

/* The bank has given back all of it, or a part, and nobody asked for a refund: what is left is what the session costs. Of a cancelled one
 * nothing is left. */
static bool is_left_to_the_bank(const struct booking_view *view)
{
	const struct refund_promise promise = promise_of(view);

	return !view->has_refund && promise.charged_back.minor > 0
	       && (promise.rest.minor > 0 || view->booking.status != BOOKING_CANCELLED);
}

/* A refund of ours would be due, and need not follow. */
static bool is_charged_back(const struct booking_view *view)
{
	return promise_of(view).kind == REFUND_PROMISE_CHARGED_BACK && !is_left_to_the_bank(view);
}

/* Of what was settled: what has gone back neither so nor another way, because something that was counted then is gone. */
static struct money lacking(const struct booking_view *view)
{
	struct money lacks = promise_of(view).rest;

	lacks.minor -= view->refund.settled_minor;
	if (!view->has_refund || !view->refund.is_settled || lacks.minor < 0)
		lacks.minor = 0;
	return lacks;
}

static const char *refund_status(const struct booking_view *view)
{
	if (is_charged_back(view) || (is_left_to_the_bank(view) && view->beside.returned_minor == 0))
		return "charged_back";
	if (!view->has_refund)
		return "by_hand";
	if (lacking(view).minor > 0)
		return refund_state_name(REFUND_NEEDS_ATTENTION);
	return view->refund.is_settled ? "settled" : refund_state_name(view->refund.state);
}

/* Of a refund of ours that did not end well. "We" speak to the parent, who waits for the money. */
static void unwell_words(enum refund_state state, bool to_parent, const char *amount,
			 char ret_words[SESSION_WORDS_BYTES])
{
	if (state == REFUND_NEEDS_ATTENTION)
		snprintf(ret_words, SESSION_WORDS_BYTES,
			 to_parent ? "The refund of %s takes longer than usual. We are looking into it."
				   : "The refund of %s takes longer than usual and has to be looked into.",
			 amount);
	else
		snprintf(ret_words, SESSION_WORDS_BYTES,
			 to_parent ? "The refund of %s did not go through. We are in touch about another way."
				   : "The refund of %s did not go through and has to be made another way.",
			 amount);
}

/* Of a refund of ours that gives money back. amount: all of it, or what was left. */
static void our_refund_words(const struct booking_view *view, bool to_parent,
			     enum refund_promise_kind promised, const char *amount,
			     char ret_words[SESSION_WORDS_BYTES])
{
	const char *whose =
		promised == REFUND_PROMISE_REST ? "A refund of the remaining" : "A full refund of";

	switch (view->refund.state) {
	case REFUND_REQUESTED:
	case REFUND_SENDING:
		snprintf(ret_words, SESSION_WORDS_BYTES, "%s %s has been requested.", whose, amount);
		return;
	case REFUND_PENDING:
		snprintf(ret_words, SESSION_WORDS_BYTES, "%s %s is on its way.", whose, amount);
		return;
	case REFUND_REQUIRES_ACTION:
		snprintf(ret_words, SESSION_WORDS_BYTES,
			 "The refund of %s waits for somebody to act; Stripe writes to whoever paid.",
			 amount);
		return;
	case REFUND_SUCCEEDED:
		snprintf(ret_words, SESSION_WORDS_BYTES,
			 "%s was returned. Banks take 5 to 10 business days to show it.", amount);
		return;
	case REFUND_FAILED:
	case REFUND_CANCELED:
	case REFUND_NEEDS_ATTENTION:
		break;
	}
	unwell_words(view->refund.state, to_parent, amount, ret_words);
}

static void by_hand_words(const struct booking_view *view, const struct refund_promise *promise,
			  char ret_words[SESSION_WORDS_BYTES])
{
	char before[MONEY_TEXT_BYTES], price[MONEY_TEXT_BYTES];

	money_to_words(promise->returned_before, "en", before);
	money_to_words(view->booking.price, "en", price);
	if (view->has_refund || promise->kind == REFUND_PROMISE_RETURNED)
		snprintf(ret_words, SESSION_WORDS_BYTES,
			 promise->is_on_its_way
				 ? "%s is on its way. Banks take 5 to 10 business days to show it."
				 : "%s was returned. Banks take 5 to 10 business days to show it.",
			 before);
	else
		snprintf(ret_words, SESSION_WORDS_BYTES,
			 promise->is_on_its_way ? "%s of the %s that was paid is on its way back."
						: "%s of the %s that was paid was returned.",
			 before, price);
}

static void add_before(struct money amount, bool is_on_its_way, char words[SESSION_WORDS_BYTES])
{
	size_t used = strlen(words);
	char before[MONEY_TEXT_BYTES];

	money_to_words(amount, "en", before);
	if (amount.minor > 0)
		snprintf(words + used, SESSION_WORDS_BYTES - used,
			 is_on_its_way ? " %s is already on its way." : " %s was returned before.", before);
}

/* Before the bank gave back what it did, somebody may have refunded a part by hand. */
static void add_by_hand(const struct refund_promise *promise, char words[SESSION_WORDS_BYTES])
{
	struct money by_hand = promise->returned_before;

	by_hand.minor -= promise->charged_back.minor;
	add_before(by_hand, promise->is_on_its_way, words);
}

static void left_to_the_bank_words(const struct booking_view *view, const struct refund_promise *promise,
				   char ret_words[SESSION_WORDS_BYTES])
{
	char amount[MONEY_TEXT_BYTES], price[MONEY_TEXT_BYTES];

	money_to_words(promise->charged_back, "en", amount);
	money_to_words(view->booking.price, "en", price);
	if (promise->charged_back.minor >= view->booking.price.minor)
		snprintf(ret_words, SESSION_WORDS_BYTES, "The bank has given %s back to whoever paid.",
			 amount);
	else
		snprintf(ret_words, SESSION_WORDS_BYTES,
			 "The bank has given %s of the %s that was paid back to whoever paid.", amount,
			 price);
	add_by_hand(promise, ret_words);
}

/* The bank has given it back, or a part of it and the rest is owed. */
static void charged_back_words(const struct refund_promise *promise, char ret_words[SESSION_WORDS_BYTES])
{
	char amount[MONEY_TEXT_BYTES], rest[MONEY_TEXT_BYTES];

	money_to_words(promise->charged_back, "en", amount);
	money_to_words(promise->rest, "en", rest);
	if (promise->rest.minor > 0)
		snprintf(ret_words, SESSION_WORDS_BYTES,
			 "The bank has already given %s back to whoever paid; the remaining %s is returned "
			 "another way, and our team sees to it.",
			 amount, rest);
	else
		snprintf(ret_words, SESSION_WORDS_BYTES,
			 "The bank has already given %s back to whoever paid, so no refund by us follows.",
			 amount);
	add_by_hand(promise, ret_words);
}

/* An operator has settled it, for what went another way; what lacks since is told first. */
static void settled_words(const struct booking_view *view, bool to_parent,
			  char ret_words[SESSION_WORDS_BYTES])
{
	const struct money lacks = lacking(view);
	struct money another_way = lacks;
	char amount[MONEY_TEXT_BYTES];
	size_t used;

	ret_words[0] = '\0';
	money_to_words(lacks, "en", amount);
	if (lacks.minor > 0 && view->beside.is_disputed)
		snprintf(ret_words, SESSION_WORDS_BYTES, "%s", disputed_words);
	else if (lacks.minor > 0)
		unwell_words(REFUND_NEEDS_ATTENTION, to_parent, amount, ret_words);
	another_way.minor = view->refund.settled_minor;
	used = strlen(ret_words);
	money_to_words(another_way, "en", amount);
	if (another_way.minor > 0)
		snprintf(ret_words + used, SESSION_WORDS_BYTES - used, "%s%s was returned another way.",
			 used ? " " : "", amount);
}

void session_refund_words(const struct booking_view *view, bool to_parent,
			  char ret_words[SESSION_WORDS_BYTES])
{
	const struct refund_promise promise = promise_of(view);
	char amount[MONEY_TEXT_BYTES];

	if (is_left_to_the_bank(view)) {
		left_to_the_bank_words(view, &promise, ret_words);
		return;
	}
	if (promise.kind == REFUND_PROMISE_CHARGED_BACK || is_left_to_us(view)) {
		charged_back_words(&promise, ret_words);
		return;
	}
	if (!view->has_refund || promise.kind == REFUND_PROMISE_RETURNED) {
		by_hand_words(view, &promise, ret_words);
		return;
	}
	money_to_words(promise.rest, "en", amount);
	if (is_for_the_bank_to_decide(view))
		snprintf(ret_words, SESSION_WORDS_BYTES, "%s", disputed_words);
	else if (view->refund.is_settled)
		settled_words(view, to_parent, ret_words);
	else
		our_refund_words(view, to_parent,
				 promise.returned_before.minor > 0 ? REFUND_PROMISE_REST : REFUND_PROMISE_ALL,
				 amount, ret_words);
	add_before(promise.returned_before, promise.is_on_its_way, ret_words);
}

/* The day by which a person should see the money: fixed once the refund is sent. None while somebody else has to act or to decide, and none
 * once it failed or was settled otherwise. */
static struct instant expected_by(const struct booking_view *view)
{
	if (is_charged_back(view) || is_for_the_bank_to_decide(view) || is_left_to_us(view))
		return INSTANT_NONE;
	if (!view->has_refund || promise_of(view).kind == REFUND_PROMISE_RETURNED)
		return instant_is_none(view->by_hand_at)
			       ? INSTANT_NONE
			       : add_business_days(view->by_hand_at, REFUND_BUSINESS_DAYS);
	if (view->refund.is_settled)
		return INSTANT_NONE;
	switch (view->refund.state) {
	case REFUND_REQUESTED:
	case REFUND_SENDING:
	case REFUND_PENDING:
		return add_business_days(view->refund.sent_at, REFUND_BUSINESS_DAYS);
	case REFUND_SUCCEEDED:
		return add_business_days(view->refund.updated_at, REFUND_BUSINESS_DAYS);
	case REFUND_REQUIRES_ACTION:
	case REFUND_FAILED:
	case REFUND_CANCELED:
	case REFUND_NEEDS_ATTENTION:
		break;
	}
	return INSTANT_NONE;
}

/* What this refund gives back, or lacks; of one by hand, by the bank or another way, what that gave back. */
static int64_t refund_minor(const struct booking_view *view)
{
	const struct refund_promise promise = promise_of(view);

	if (is_charged_back(view))
		return promise.charged_back.minor;
	if (view->has_refund && view->refund.is_settled && promise.kind != REFUND_PROMISE_RETURNED)
		return lacking(view).minor > 0 ? lacking(view).minor : view->refund.settled_minor;
	return !view->has_refund || promise.kind == REFUND_PROMISE_RETURNED ? promise.returned_before.minor
									    : promise.rest.minor;
}

bool session_has_refund(const struct booking_view *view)
{
	return view->has_refund || view->beside.returned_minor > 0 || view->beside.charged_back_minor > 0;
}

bool session_refunds_in_full(const struct booking_view *view)
{
	if (!view->has_refund || view->refund.is_settled || promise_of(view).kind != REFUND_PROMISE_ALL)
		return false;
	switch (view->refund.state) {
	case REFUND_REQUESTED:
	case REFUND_SENDING:
	case REFUND_PENDING:
	case REFUND_SUCCEEDED:
		return true;
	case REFUND_REQUIRES_ACTION:
	case REFUND_FAILED:
	case REFUND_CANCELED:
	case REFUND_NEEDS_ATTENTION:
		break;
	}
	return false;
}

void session_refund_encode(const struct booking_view *view, bool to_parent, struct buf *out)
{
	char words[SESSION_WORDS_BYTES];

	if (!session_has_refund(view)) {
		buf_add(out, "null");
		return;
	}
	session_refund_words(view, to_parent, words);
	buf_addf(out, "{\"status\":\"%s\",\"words\":", refund_status(view));
	session_encode_text(words, out);
	buf_addf(out, ",\"amountMinor\":%" PRId64 ",\"currency\":", refund_minor(view));
	session_encode_text(promise_of(view).rest.currency, out);
	buf_add(out, ",\"expectedBy\":");
	session_encode_instant(expected_by(view), out);
	buf_add(out, ",\"failureReason\":");
	session_encode_text(to_parent && !is_charged_back(view) ? view->refund.failure_reason : NULL, out);
	buf_add(out, "}");
}

void session_promise_words(const struct refund_promise *promise, const char *to,
			   char ret_words[SESSION_WORDS_BYTES])
{
	char rest[MONEY_TEXT_BYTES], before[MONEY_TEXT_BYTES];

	money_to_words(promise->rest, "en", rest);
	money_to_words(promise->returned_before, "en", before);
	switch (promise->kind) {
	case REFUND_PROMISE_ALL:
		snprintf(ret_words, SESSION_WORDS_BYTES,
			 "A full refund of %s is on its way to %s; " BANKS_TAKE ".", rest, to);
		return;
	case REFUND_PROMISE_REST:
		snprintf(ret_words, SESSION_WORDS_BYTES,
			 "A refund of the remaining %s is on its way to %s; " BANKS_TAKE ".", rest, to);
		add_before(promise->returned_before, promise->is_on_its_way, ret_words);
		return;
	case REFUND_PROMISE_RETURNED:
		snprintf(ret_words, SESSION_WORDS_BYTES,
			 "%s was sent back before, so nothing is left to return.", before);
		return;
	case REFUND_PROMISE_DISPUTED:
		snprintf(ret_words, SESSION_WORDS_BYTES, "%s", disputed_words);
		return;
	case REFUND_PROMISE_BY_HAND:
	case REFUND_PROMISE_CHARGED_BACK:
		break;
	}
	charged_back_words(promise, ret_words);
}
