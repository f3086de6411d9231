/* cancel.c: PUT and POST /api/Sessions/{id}/cancel. What follows is decided and written by cancel_booking.h; here is how it is asked for
 * and answered. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "bookings.h"
#include "cancel_booking.h"
#include "release.h"
#include "request_json.h"
#include "session_json.h"

#define POOL_WAIT_MS 2000
#define ACTOR_BYTES  40

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
};

/* A Pending booking gives its slot back; whoever pays in the gap until its checkout is closed is refunded. */
static enum err_kind release(struct cancelling *c, const struct flow *flow, struct err *err)
{
	const struct release_request request = {.booking_id = c->id,
						.cause = c->decided.cause,
						.by = c->actor.user_id,
						.reason = c->reason,
						.stripe_session_id = c->booking.stripe_session_id};
	enum release_outcome outcome;

	return release_booking(flow, &request, &outcome, &c->booking, err);
}

static enum err_kind cancel(struct cancelling *c, struct err *err)
{
	char actor_name[ACTOR_BYTES];
	const struct flow flow = {.db = c->api->db,
				  .arena = c->request->arena,
				  .actor = actor_name,
				  .traceparent = c->request->traceparent,
				  .doorbell_ms = c->api->settings->doorbell_ms};
	const struct cancel_request request = {.booking_id = c->id,
					       .actor = c->actor,
					       .policy = &c->api->policy,
					       .reason = c->reason};
	struct cancelled cancelled;
	enum err_kind kind;

	snprintf(actor_name, sizeof actor_name, "user:%" PRId64, c->actor.user_id);
	kind = cancel_booking(&flow, &request, &cancelled, err);
	c->booking = cancelled.booking;
	c->now = cancelled.now;
	c->decided = cancelled.decided;
	if (!kind && c->decided.outcome == CANCEL_RELEASE)
		kind = release(c, &flow, err);
	if (!kind)
		relay_poke(c->api->relay);
	return kind;
}

/* Where the money of an already cancelled booking is. */
static void repeated_message(struct cancelling *c, char *ret_message, size_t cap)
{
	const struct bookings_reader reader = {c->actor.user_id, (c->actor.roles & ROLE_ADMIN) != 0};
	struct bookings_found found = {0};
	char words[SESSION_WORDS_BYTES] = "";
	struct err err;
	struct pg *db;

	if (!pg_pool_take(c->api->db, POOL_WAIT_MS, &db, &err)) {
		if (!bookings_find_view(db, c->id, &reader, c->request->arena, &found, &err) && found.found
		    && found.view.has_refund)
			session_refund_words(&found.view, words);
		pg_pool_give(c->api->db, db);
	}
	snprintf(ret_message, cap, "This session is already cancelled.%s%s", words[0] ? " " : "", words);
}

static void answer_cancelled(struct cancelling *c, struct http_response *response)
{
	char amount[MONEY_TEXT_BYTES], message[512] = "";

	money_to_words(c->booking.price, "en", amount);
	switch (c->decided.outcome) {
	case CANCEL_AND_REFUND:
		snprintf(
			message, sizeof message,
			"Session cancelled. A full refund of %s is on its way to %s; banks take 5 to 10 business days "
			"to show it.",
			amount, c->decided.cause == CAUSE_PARENT ? "your card" : "the parent");
		break;
	case CANCEL_UNPAID:
		snprintf(message, sizeof message,
			 "Session cancelled. Nothing was paid, so nothing is returned.");
		break;
	case CANCEL_RELEASE:
		snprintf(message, sizeof message, "Session cancelled. It had not been paid for.");
		break;
	case CANCEL_REPEATED:
		repeated_message(c, message, sizeof message);
		break;
	}
	answer_open(response, message);
	buf_add(&response->body, "true");
	answer_close(response, c->now);
}

static void answer_refused(struct cancelling *c, struct http_response *response, const struct err *err)
{
	const struct session_reader reader = {c->actor, c->api->policy, c->now};
	char words[SESSION_WORDS_BYTES];
	struct cancel_offer offer;

	if (strcmp(err->code, "not_found") == 0) {
		answer_not_found(c->request, response);
		return;
	}
	if (strcmp(err->code, "not_yours") == 0) {
		cancel_message("not_yours", 0, words, sizeof words);
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

void api_cancel(void *api, struct http_request *request, struct http_response *response)
{
	const struct caller *caller = request->user;
	struct cancelling c = {.api = api, .request = request, .actor = caller->actor};
	struct err err = {0};

	if (!answer_take_id(request, response, &c.id) || !take_reason(&c, response))
		return;
	if (cancel(&c, &err) == ERR_OK)
		answer_cancelled(&c, response);
	else if (is_refusal(&err))
		answer_refused(&c, response, &err);
	else
		answer_database_error(request, response, &err);
}
