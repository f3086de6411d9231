/* cancel.c: PUT and POST /api/Sessions/{id}/cancel. One transaction decides and writes everything that follows from it: status, refund,
 * mails, meeting, time line and events (design.md section 7, rules 1, 2 and 9). Nothing outside PostgreSQL is called. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "answer.h"
#include "booking_log.h"
#include "bookings.h"
#include "crash_point.h"
#include "event.h"
#include "id.h"
#include "log.h"
#include "mails.h"
#include "meetings.h"
#include "outbox.h"
#include "refunds.h"
#include "request_json.h"
#include "session_json.h"

#define TRIES_MAX    3
#define TRYING_MS    5000 /* no further try is begun after this */
#define JITTER_MS    40
#define POOL_WAIT_MS 2000
#define ACTOR_BYTES  40

/* One cancel on its way. booking is as read under the lock, then as it will be committed. */
struct cancelling {
	struct api *api;
	struct http_request *request;
	struct actor actor;
	int64_t id;
	const char *reason;
	struct booking booking;
	struct instant now;
	struct cancellation decided;
	/* Texts of queued statements, borrowed until pg_run. */
	char refund_id[ID_UUID_BYTES];
	char actor_name[ACTOR_BYTES];
	char cancel_detail[64], refund_detail[160];
};

static bool is_paid_back(const struct cancelling *c)
{
	return c->decided.outcome == CANCEL_AND_REFUND;
}

/* The first round trip: lock, clock, decide. Errors besides pg_run's: not_found, and those of cancel_decide. */
static enum err_kind decide(struct cancelling *c, struct pg *tx, struct err *err)
{
	const struct bookings_reader reader = {c->actor.user_id, (c->actor.roles & ROLE_ADMIN) != 0};
	struct bookings_locked locked;

	if (bookings_lock(tx, c->id, &reader, c->request->arena, &locked, err))
		return err->kind;
	if (!locked.found || !booking_may_be_read_by(&locked.booking, &c->actor))
		return err_set(err, ERR_REJECT, "not_found", "no such booking for this caller");
	c->booking = locked.booking;
	c->now = locked.now;
	return cancel_decide(&c->booking, &c->actor, &c->api->policy, c->now, &c->decided, err);
}

static enum err_kind queue_event(struct cancelling *c, struct pg *tx, enum event_type type,
				 const char *payload, struct err *err)
{
	const char *aggregate = type == EVENT_REFUND_REQUESTED ? "refund"
				: type == EVENT_CHECKOUT_CHECK ? "checkout"
							       : "booking";
	const struct outbox_row row = {aggregate, c->id, event_type_name(type), payload,
				       c->request->traceparent};

	if (!payload)
		return err_set(err, ERR_RETRY, "no_memory", "no room for an event");
	return outbox_queue(tx, &row, err);
}

static enum err_kind queue_refund(struct cancelling *c, struct pg *tx, struct err *err)
{
	const struct refund_request request = {c->refund_id, c->id, c->booking.payment_intent,
					       cancel_cause_name(c->decided.cause),
					       c->api->settings->doorbell_ms};

	id_uuid(c->refund_id);
	return refunds_queue_request(tx, &request, err);
}

/* One mail to each party of a session that was to take place. */
static enum err_kind queue_mails(struct cancelling *c, struct pg *tx, struct err *err)
{
	struct mail_request mail = {.booking_id = c->id,
				    .kind = MAIL_CANCELLED,
				    .recipient_id = c->booking.parent_id,
				    .booking_version = c->booking.version,
				    .ref = "",
				    .doorbell_ms = c->api->settings->doorbell_ms};

	if (mails_queue(tx, &mail, err))
		return err->kind;
	mail.recipient_id = c->booking.teacher_id;
	return c->booking.teacher_id == c->booking.parent_id ? ERR_OK : mails_queue(tx, &mail, err);
}

/* The rows, in the lock order of design.md section 4. A Pending booking has neither refund, mail nor meeting. */
static enum err_kind queue_rows(struct cancelling *c, struct pg *tx, struct err *err)
{
	const struct bookings_cancel cancel = {c->id, c->now, c->decided.cause, c->actor.user_id, c->reason};

	if (bookings_queue_cancel(tx, &cancel, err) || (is_paid_back(c) && queue_refund(c, tx, err)))
		return err->kind;
	if (c->decided.outcome == CANCEL_RELEASE)
		return ERR_OK;
	return queue_mails(c, tx, err) ? err->kind : meetings_queue_unwanted(tx, c->id, err);
}

static enum err_kind queue_log(struct cancelling *c, struct pg *tx, struct err *err)
{
	snprintf(c->actor_name, sizeof c->actor_name, "user:%" PRId64, c->actor.user_id);
	snprintf(c->cancel_detail, sizeof c->cancel_detail, "{\"cause\":\"%s\"}",
		 cancel_cause_name(c->decided.cause));
	if (booking_log_queue(tx, c->id, c->actor_name, "cancelled", c->cancel_detail, err))
		return err->kind;
	if (!is_paid_back(c))
		return ERR_OK;
	snprintf(c->refund_detail, sizeof c->refund_detail,
		 "{\"refund\":\"%s\",\"amountMinor\":%" PRId64 ",\"currency\":\"%s\"}", c->refund_id,
		 c->booking.price.minor, c->booking.price.currency);
	return booking_log_queue(tx, c->id, c->actor_name, "refund_requested", c->refund_detail, err);
}

static enum err_kind queue_events(struct cancelling *c, struct pg *tx, struct err *err)
{
	struct arena *arena = c->request->arena;
	struct refund refund = {.booking_id = c->id,
				.payment_intent = c->booking.payment_intent,
				.captured = c->booking.price,
				.state = REFUND_REQUESTED,
				.generation = 1};

	if (queue_event(c, tx, EVENT_BOOKING_CANCELLED, event_encode_booking(&c->booking, arena), err))
		return err->kind;
	if (c->decided.outcome == CANCEL_RELEASE && c->booking.stripe_session_id)
		return queue_event(c, tx, EVENT_CHECKOUT_CHECK, event_encode_checkout_check(c->id, arena),
				   err);
	if (!is_paid_back(c))
		return ERR_OK;
	(void)str_copy(refund.id, sizeof refund.id, c->refund_id);
	return queue_event(c, tx, EVENT_REFUND_REQUESTED,
			   event_encode_refund(&refund, cancel_cause_name(c->decided.cause), 1, arena), err);
}

/* All that follows from the decision; the booking is first made what it will be. */
static enum err_kind queue_all(struct cancelling *c, struct pg *tx, struct err *err)
{
	c->booking.status = BOOKING_CANCELLED;
	c->booking.cancel_cause = c->decided.cause;
	c->booking.cancelled_at = c->now;
	c->booking.version++;
	if (queue_rows(c, tx, err) || queue_log(c, tx, err) || queue_events(c, tx, err))
		return err->kind;
	return pg_queue_commit(tx, err);
}

/* One try: two round trips. ERR_OK with CANCEL_REPEATED writes nothing. */
static enum err_kind cancel_once(struct cancelling *c, struct pg *db, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	PG_TX_SCOPE struct pg *tx = db;

	if (decide(c, tx, err))
		return err->kind;
	CRASH_POINT("cancel.after_lock");
	if (c->decided.outcome == CANCEL_REPEATED)
		return ERR_OK;
	if (queue_all(c, tx, err))
		return err->kind;
	CRASH_POINT("cancel.before_commit");
	if (pg_run(tx, &results, err))
		return err->kind;
	CRASH_POINT("cancel.after_commit");
	relay_poke(c->api->relay);
	return ERR_OK;
}

static void wait_a_little(void)
{
	const struct timespec wait = {.tv_nsec = (long)(1 + id_random() % JITTER_MS) * 1000000};

	nanosleep(&wait, NULL);
}

/* Again is safe in all of these: the lock waits for whatever the lost try still does, and finds it done or not done. */
static bool may_try_again(const struct err *err)
{
	return err->kind == ERR_UNSURE
	       || (err->kind == ERR_RETRY
		   && (strcmp(err->code, "pg_conflict") == 0 || strcmp(err->code, "pg_unavailable") == 0));
}

static enum err_kind cancel_with_retries(struct cancelling *c, struct err *err)
{
	int64_t deadline_ms = deadline_in_ms(TRYING_MS);
	enum err_kind kind = ERR_OK;

	for (int try = 1; try <= TRIES_MAX; try++) {
		struct pg *db;

		kind = pg_pool_take(c->api->db, POOL_WAIT_MS, &db, err);
		if (!kind) {
			kind = cancel_once(c, db, err);
			pg_pool_give(c->api->db, db);
		}
		if (!kind || !may_try_again(err) || try == TRIES_MAX || !deadline_left_ms(deadline_ms))
			return kind;
		LOG(LOG_WARN, "cancel tried again", LOG_I("booking", c->id), LOG_S("code", err->code));
		wait_a_little();
	}
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
	if (cancel_with_retries(&c, &err) == ERR_OK)
		answer_cancelled(&c, response);
	else if (is_refusal(&err))
		answer_refused(&c, response, &err);
	else
		answer_database_error(request, response, &err);
}
