/* cancel.c: PUT and POST /api/Sessions/{id}/cancel. What follows is decided and written by cancel_booking.h; here is how it is asked for
 * and answered. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "cancel_booking.h"
#include "checkout_end.h"
#include "request_json.h"
#include "session_refund.h"

/* One cancel on its way. booking is as read under the lock, then as it was committed. */
struct cancelling {
	struct api *api;
	struct http_request *request;
	struct actor actor;
	int64_t id;
	const char *reason;
	struct booking booking;
	struct instant now;
	struct cancellation decided;
	struct refund_promise promise;
	const char *unpaid_words; /* of CANCEL_RELEASE: what is known of a payment */
};

static enum err_kind decide(struct cancelling *c, struct err *err)
{
	const struct flow flow = api_flow(c->api, c->request);
	const struct cancel_request request = {
		.booking_id = c->id, .actor = c->actor, .policy = &c->api->policy, .reason = c->reason};
	struct cancelled cancelled;
	enum err_kind kind = cancel_booking(&flow, &request, &cancelled, err);

	c->booking = cancelled.booking;
	c->now = cancelled.now;
	c->decided = cancelled.decided;
	c->promise = cancelled.promise;
	return kind;
}

/* A Pending booking gives its slot back, and an expired one is the caller's cancel from now on, unless Stripe says that it was paid: then it is decided again, as it stands after that. */
static enum err_kind end_pending(struct cancelling *c, struct err *err)
{
	const struct checkout_ending ending = {.booking_id = c->id,
					       .stripe_session_id = c->booking.stripe_session_id,
					       .cause = c->decided.cause,
					       .reason = c->reason};
	enum checkout_end end;

	if (checkout_end(c->api, c->request, &ending, &end, &c->booking, err))
		return err->kind;
	switch (end) {
	case CHECKOUT_END_PAID:
		return decide(c, err);
	case CHECKOUT_END_REPEATED:
		c->decided = (struct cancellation){CANCEL_REPEATED, CAUSE_NONE};
		break;
	case CHECKOUT_END_UNASKED:
		c->unpaid_words =
			"We are closing the payment page; whatever is still paid there is refunded in full.";
		break;
	case CHECKOUT_END_UNDECIDED:
		c->unpaid_words = "A payment that still arrives is refunded in full.";
		break;
	case CHECKOUT_END_RELEASED:
	case CHECKOUT_END_WAITING: /* not without ending.waits */
		c->unpaid_words = "It had not been paid for.";
		break;
	}
	return ERR_OK;
}

static void answer_cancelled(struct cancelling *c, struct http_response *response)
{
	char words[SESSION_WORDS_BYTES], message[512] = "";

	switch (c->decided.outcome) {
	case CANCEL_AND_REFUND:
		session_promise_words(&c->promise,
				      c->decided.cause == CAUSE_PARENT ? "your card" : "the parent", words);
		snprintf(message, sizeof message, "Session cancelled. %s", words);
		break;
	case CANCEL_UNPAID:
		snprintf(message, sizeof message,
			 "Session cancelled. Nothing was paid, so nothing is returned.");
		break;
	case CANCEL_RELEASE:
		snprintf(message, sizeof message, "Session cancelled. %s", c->unpaid_words);
		break;
	case CANCEL_REPEATED:
		api_refund_words(c->api, c->request, c->id, words);
		snprintf(message, sizeof message, "This session is already cancelled.%s%s",
			 words[0] ? " " : "", words);
		break;
	}
	answer_open(response, message);
	buf_add(&response->body, "true");
	answer_close(response, c->now);
}

static void answer_refused(struct cancelling *c, struct http_response *response, const struct err *err)
{
	const struct session_reader reader = {c->actor, c->api->policy, c->now, c->api->link.instance_id};
	char words[SESSION_WORDS_BYTES];
	struct cancel_offer offer;

	if (strcmp(err->code, "not_found") == 0) {
		answer_not_found(c->request, response);
		return;
	}
	if (strcmp(err->code, "not_yours") == 0) {
		cancel_message("not_yours", 0, NULL, words, sizeof words);
		answer_error(c->request, response, &(struct answer_error){403, "forbidden", words, NULL});
		return;
	}
	session_cancel_offer(&c->booking, &reader, &offer, words);
	answer_error(c->request, response,
		     &(struct answer_error){
			     409, strcmp(err->code, "too_late") == 0 ? "too_late" : "not_cancellable", words,
			     NULL});
}

static bool is_refusal(const struct err *err)
{
	static const char *const codes[] = {"not_found", "not_yours", "too_late", "not_cancellable"};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (err->kind == ERR_REJECT && strcmp(err->code, codes[i]) == 0)
			return true;
	return false;
}

static bool take_reason(struct cancelling *c, struct http_response *response)
{
	const struct request_body body = {http_request_header(c->request, "Content-Type"), c->request->body,
					  c->request->body_len};
	struct request_fault fault;
	struct err err = {0};

	if (request_decode_cancel(&body, c->request->arena, &c->reason, &fault, &err) == ERR_OK)
		return true;
	if (strcmp(err.code, "unsupported_media_type") == 0)
		answer_error(c->request, response,
			     &(struct answer_error){415, "unsupported_media_type", err.msg, NULL});
	else
		answer_error(c->request, response,
			     &(struct answer_error){400, "invalid_body", err.msg, fault.field});
	return false;
}

/* kind, not err->kind: err also keeps what a repeat has overcome. */
static void answer(struct cancelling *c, struct http_response *response, enum err_kind kind,
		   const struct err *err)
{
	if (!kind) {
		relay_poke(c->api->relay);
		answer_cancelled(c, response);
	} else if (is_refusal(err)) {
		answer_refused(c, response, err);
	} else {
		answer_database_error(c->request, response, err);
	}
}

/* On the stripe pool: Stripe is asked before a Pending booking is cancelled. */
static void cancel_pending(void *api, struct http_request *request, struct http_response *response)
{
	const struct caller *caller = request->user;
	struct cancelling c = {.api = api, .request = request, .actor = caller->actor};
	struct err err = {0};
	enum err_kind kind;

	if (!answer_take_id(request, response, &c.id) || !take_reason(&c, response))
		return;
	kind = decide(&c, &err);
	if (!kind && c.decided.outcome == CANCEL_RELEASE)
		kind = end_pending(&c, &err);
	answer(&c, response, kind, &err);
}

static void cancel(void *api, struct http_request *request, struct http_response *response)
{
	const struct caller *caller = request->user;
	struct cancelling c = {.api = api, .request = request, .actor = caller->actor};
	struct err err = {0};
	enum err_kind kind;

	if (!answer_take_id(request, response, &c.id) || !take_reason(&c, response))
		return;
	kind = decide(&c, &err);
	if (!kind && c.decided.outcome == CANCEL_RELEASE) {
		request->next = cancel_pending;
		request->next_pool = HTTP_POOL_STRIPE;
		return;
	}
	answer(&c, response, kind, &err);
}

void api_cancel(void *api, struct http_request *request, struct http_response *response)
{
	keyed_run(api, request, response, cancel);
}
