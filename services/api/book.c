/* book.c: POST /api/Sessions/book (design.md section 7, Book). T1 holds the slot, Stripe makes the checkout under a key of the booking, T2
 * stores it. Whatever is lost on the way, a repeat finds the same hold and the same checkout. */
#include <inttypes.h>
#include <string.h>

#include "alarm.h"
#include "answer.h"
#include "book_json.h"
#include "checkout_end.h"
#include "checkouts.h"
#include "crash_point.h"
#include "holds.h"
#include "log.h"
#include "release.h"
#include "rfc3339.h"
#include "session_json.h"
#include "stripe_checkout.h"

#define POOL_WAIT_MS 2000
#define TRIES_MAX    3

struct book {
	struct api *api;
	struct http_request *request;
	struct http_response *response;
	struct hold_request wanted;
	struct hold_facts facts;
	enum hold_outcome outcome;
	struct checkout checkout; /* made by this request */
	struct booking booking; /* the hold, once there is one; after a refusal with own_hold: that one, with
				   * too_many_holds: the one that ends first */
};

/* --- T1 --- */

/* Which one to finish first, in the transaction that has counted them. */
static void find_waiting(struct book *b, struct pg *tx)
{
	struct err err = {0};

	if (holds_find_waiting(tx, b->wanted.parent_id, b->request->arena, &b->booking, &err))
		LOG(LOG_WARN, "waiting booking not found", LOG_S("code", err.code), LOG_S("why", err.msg));
}

static enum err_kind hold_once(struct book *b, struct pg *db, struct err *err)
{
	PG_TX_SCOPE struct pg *tx = db;
	struct holds_new new = {
		.request = &b->wanted, .offer = &b->facts.offer, .key = api_flow(b->api, b->request).key};

	if (holds_open(tx, &b->wanted, b->request->arena, &b->facts, err))
		return err->kind;
	if (b->facts.rival)
		b->booking = *b->facts.rival;
	if (hold_decide(&b->wanted, &b->facts, b->api->settings->holds_max, &b->outcome, err)) {
		if (str_eq(err->code, "too_many_holds"))
			find_waiting(b, tx);
		return err->kind;
	}
	if (b->outcome == HOLD_SAME)
		return hold_takes_notes(&b->wanted, &b->booking)
			       ? holds_write_notes(tx, &new, b->booking.id, err)
			       : ERR_OK;
	new.hold_expires_at = hold_end(b->facts.now, b->api->settings->hold_s);
	return holds_insert(tx, &new, b->request->arena, &b->booking, err);
}

/* Again is safe: what a lost try has written is found as the same hold. */
static enum err_kind hold(struct book *b, struct err *err)
{
	enum err_kind kind = ERR_OK;

	for (int try = 0; try < TRIES_MAX; try++) {
		struct pg *db = NULL;

		*err = (struct err){0};
		kind = pg_pool_take(b->api->db, POOL_WAIT_MS, &db, err);
		if (!kind)
			kind = hold_once(b, db, err);
		pg_pool_give(b->api->db, db);
		if (kind != ERR_RETRY && kind != ERR_UNSURE)
			break;
	}
	CRASH_POINT("book.after_hold");
	return kind;
}

/* The booking that an earlier try under the same key made. One that ended before it had a checkout was none. */
static enum err_kind find_earlier(struct book *b, struct err *err)
{
	const struct caller *caller = b->request->user;
	struct pg *db = NULL;
	enum err_kind kind;

	if (!caller->keyed || !caller->keyed->booking_id)
		return ERR_OK;
	kind = pg_pool_take(b->api->db, POOL_WAIT_MS, &db, err);
	if (!kind)
		kind = checkouts_find_booking(db, "", caller->keyed->booking_id, b->request->arena,
					      &b->booking, err);
	pg_pool_give(b->api->db, db);
	if (!kind && b->booking.status != BOOKING_PENDING && !b->booking.stripe_session_id)
		b->booking = (struct booking){0};
	b->outcome = HOLD_SAME;
	b->facts.now = clock_system()->now(clock_system());
	return kind;
}

/* --- answers --- */

static void encode_hold(const struct booking *booking, struct buf *out)
{
	buf_addf(out, "{\"sessionId\":%" PRId64 ",\"stripeCheckoutUrl\":", booking->id);
	session_encode_text(booking->checkout_url, out);
	buf_add(out, ",\"stripeSessionId\":");
	session_encode_text(booking->stripe_session_id, out);
	buf_add(out, ",\"holdExpiresAt\":");
	session_encode_instant(booking->hold_expires_at, out);
	buf_add(out, "}");
}

static void answer_held(struct book *b)
{
	b->response->status = 201;
	answer_open(b->response,
		    "The slot is yours until the time in holdExpiresAt; please pay to confirm it.");
	encode_hold(&b->booking, &b->response->body);
	answer_close(b->response, b->facts.now);
}

static void answer_again_later(struct book *b, int status, const char *code, const char *message)
{
	http_response_add_header(b->request, b->response, "Retry-After", "1");
	answer_error(b->request, b->response, &(struct answer_error){status, code, message, NULL});
}

/* With the hold that is in the way, so that a page can lead there. */
static void answer_with_hold(struct book *b, const char *code, const char *message)
{
	const struct answer_error error = {409, code, message, NULL};
	struct buf data;

	buf_init(&data, 8192);
	if (b->booking.id)
		encode_hold(&b->booking, &data);
	answer_error_with(b->request, b->response, &error,
			  data.failed || !b->booking.id ? "null" : data.data);
	buf_release(&data);
}

static void answer_too_many_holds(struct book *b)
{
	const char *plain = "Several of your bookings wait for payment; please pay for or cancel one first.";
	char starts_at[RFC3339_BYTES];
	const char *message = NULL;

	if (b->booking.id) {
		rfc3339_encode(b->booking.starts_at, starts_at);
		message =
			arena_printf(b->request->arena,
				     "Several of your bookings wait for payment; please pay for or cancel one"
				     " first: session %" PRId64 " (%s, %s) is the first to run out.",
				     b->booking.id, b->booking.title, starts_at);
	}
	answer_with_hold(b, "too_many_holds", message ? message : plain);
}

static void answer_refused(struct book *b, const struct err *err)
{
	static const struct {
		const char *reason;
		struct answer_error error;
	} refusals[] = {
		{"not_offered", {400, "not_offered", "This teacher does not offer that.", "offerId"}},
		{"offer_needed",
		 {400, "offer_needed", "This teacher has several offers; please choose one.", "offerId"}},
		{"not_your_student",
		 {400, "not_your_student", "You may book for yourself and your own students.", "studentId"}},
		{"too_soon", {400, "too_soon", "It is too late to book this time.", "scheduledDateTime"}},
		{"too_far",
		 {400, "too_far", "Sessions can be booked at most 365 days ahead.", "scheduledDateTime"}},
		{"payment_awaited",
		 {409, "payment_awaited", "Your payment for this time is already being processed.", NULL}},
		{"slot_taken", {409, "slot_taken", "This time is taken; please choose another.", NULL}},
		{"pg_exclusion", {409, "slot_taken", "This time is taken; please choose another.", NULL}},
	};

	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (str_eq(err->code, refusals[i].reason)) {
			answer_error(b->request, b->response, &refusals[i].error);
			return;
		}
	if (str_eq(err->code, "own_hold"))
		answer_with_hold(b, "own_hold",
				 "You already hold this time; please pay for it or cancel it first.");
	else if (str_eq(err->code, "hold_ends"))
		answer_again_later(b, 409, "in_progress",
				   "Your earlier booking of this time is being closed; please try again in a "
				   "moment.");
	else if (str_eq(err->code, "too_many_holds"))
		answer_too_many_holds(b);
	else
		answer_database_error(b->request, b->response, err);
}

/* --- Stripe and T2 --- */

/* The slot is free again at once. Unless it is proven that the key made nothing, the reaper closes what there may be: nobody was told its
 * address, so nobody can pay it meanwhile. */
static void give_up(struct book *b, bool is_proven, bool is_final, const struct stripe_answer *answer)
{
	const struct release_request release = {
		.booking_id = b->booking.id, .cause = CAUSE_CHECKOUT_FAILED, .is_closed = is_proven};
	const struct flow flow = api_flow(b->api, b->request);
	bool has_answered = answer->http_status != 0 && answer->refund_answer != REFUND_ANSWER_BUSY;
	enum release_outcome outcome;
	struct booking booking;
	struct err err = {0};

	if (release_booking(&flow, &release, &outcome, &booking, &err)) {
		answer_database_error(b->request, b->response, &err);
		return;
	}
	relay_poke(b->api->relay);
	if (outcome == RELEASE_OTHER_CHECKOUT && booking.status == BOOKING_PENDING) {
		b->booking = booking; /* a twin of this request was luckier */
		answer_held(b);
		return;
	}
	if (is_final) {
		answer_error(b->request, b->response,
			     &(struct answer_error){
				     409, "not_bookable",
				     "This session cannot be paid for as it is offered. Nothing was "
				     "booked; please write to us.",
				     NULL});
		return;
	}
	answer_again_later(
		b, has_answered ? 502 : 503, "payment_unavailable",
		"The payment page could not be made. Nothing was booked; please try again in a moment.");
}

/* A first request's expires_at is right by the clock that made it, so Stripe's tells another time. Told nobody but the operator. */
static bool is_clock_off(const struct stripe_answer *answer)
{
	return str_eq(answer->param, "expires_at");
}

static void answer_failed_creation(struct book *b, enum err_kind kind, const struct stripe_answer *answer)
{
	bool is_first = b->outcome == HOLD_NEW;
	bool is_refused = is_first && answer->refund_answer == REFUND_ANSWER_REFUSED;

	if (is_refused && is_clock_off(answer))
		alarm_raise(&(struct job){.booking_id = b->booking.id, .label = "PostgreSQL's clock"},
			    "clock_off", answer->param);
	if (answer->refund_answer == REFUND_ANSWER_TWIN)
		answer_again_later(b, 409, "in_progress", "This booking is being made right now.");
	else
		/* An earlier request may have made it, though this one did not leave; what refuses a later one may be its age. */
		give_up(b,
			(kind == ERR_REJECT && answer->refund_answer != REFUND_ANSWER_KEY_CONFLICT)
				|| (kind == ERR_RETRY && is_first),
			is_refused && !is_clock_off(answer), answer);
}

static enum err_kind record(struct book *b, const struct checkout *checkout, bool *ret_may_pay,
			    struct err *err)
{
	enum err_kind kind = ERR_OK;
	enum booking_status status = BOOKING_PENDING;
	bool is_its = false;

	for (int try = 0; try < TRIES_MAX; try++) {
		struct pg *db = NULL;

		kind = pg_pool_take(b->api->db, POOL_WAIT_MS, &db, err);
		if (!kind)
			kind = checkouts_record_made(db, b->booking.id, checkout->id, checkout->url, &status,
						     &is_its, err);
		pg_pool_give(b->api->db, db);
		if (kind != ERR_RETRY && kind != ERR_UNSURE)
			break;
	}
	*ret_may_pay = !kind && is_its && status != BOOKING_CANCELLED;
	return kind;
}

/* Released while Stripe was at work: nobody may pay this checkout any more. */
static void end_late_checkout(struct book *b, const struct checkout *checkout)
{
	const struct checkout_ending ending = {.booking_id = b->booking.id,
					       .stripe_session_id = checkout->id,
					       .cause = CAUSE_CHECKOUT_FAILED};
	enum checkout_end end;
	struct booking booking;
	struct err err = {0};

	if (checkout_end(b->api, b->request, &ending, &end, &booking, &err))
		LOG(LOG_WARN, "late checkout not ended", LOG_S("code", err.code), LOG_S("why", err.msg));
	answer_again_later(b, 503, "payment_unavailable",
			   "The slot was released meanwhile. Nothing was booked; please try again.");
}

static void make_checkout(struct book *b)
{
	const struct checkout_order order = {&b->booking, b->api->link.instance_id,
					     b->api->settings->frontend_url};
	struct stripe_answer answer = {0};
	struct err err = {0};
	bool may_pay;
	enum err_kind kind = stripe_create_checkout(b->api->link.stripe, &order, b->request->traceparent,
						    &b->checkout, &answer, &err);

	if (kind) {
		LOG(kind == ERR_REJECT ? LOG_ERROR : LOG_WARN, "checkout not made",
		    LOG_I("booking", b->booking.id), LOG_I("offer", b->booking.offer_id),
		    LOG_S("code", err.code), LOG_S("why", err.msg));
		answer_failed_creation(b, kind, &answer);
		return;
	}
	if (record(b, &b->checkout, &may_pay, &err)) {
		answer_database_error(b->request, b->response, &err);
		return;
	}
	if (!may_pay) {
		end_late_checkout(b, &b->checkout);
		return;
	}
	b->booking.stripe_session_id = b->checkout.id;
	b->booking.checkout_url = b->checkout.url;
	answer_held(b);
}

static bool take_body(struct book *b)
{
	const struct caller *caller = b->request->user;
	struct request_fault fault;
	struct book_body body;
	struct err err = {0};

	if (!request_may_be_json(http_request_header(b->request, "Content-Type"))) {
		answer_error(b->request, b->response,
			     &(struct answer_error){415, "unsupported_media_type",
						    "Send application/json, in UTF-8.", NULL});
		return false;
	}
	if (book_body_decode(b->request->body, b->request->body_len, b->request->arena, &body, &fault,
			     &err)) {
		answer_error(b->request, b->response,
			     &(struct answer_error){400, "invalid_body", err.msg, fault.field});
		return false;
	}
	b->wanted = (struct hold_request){
		.parent_id = caller->actor.user_id,
		.student_id = body.student_id ? body.student_id : caller->actor.user_id,
		.teacher_id = body.teacher_id,
		.offer_id = body.offer_id,
		.starts_at = body.scheduled_at,
		.notes = body.notes,
		.has_notes = body.has_notes,
	};
	return true;
}

static void book(void *api, struct http_request *request, struct http_response *response)
{
	struct book b = {.api = api, .request = request, .response = response};
	struct err err = {0};

	if (!take_body(&b))
		return;
	if (find_earlier(&b, &err) || (!b.booking.id && hold(&b, &err)))
		answer_refused(&b, &err);
	else if (b.booking.stripe_session_id && b.booking.checkout_url)
		answer_held(&b);
	else
		make_checkout(&b);
}

void api_book(void *api, struct http_request *request, struct http_response *response)
{
	keyed_run(api, request, response, book);
}
