/* payment.c: a parent comes back from Stripe's page: POST cancel-payment and confirm-payment /{stripeSessionId}. The answers of
 * cancel-payment are those of the bug report, word for word. */
#include <stdio.h>

#include "answer.h"
#include "checkout_end.h"
#include "checkouts.h"
#include "conclude.h"
#include "log.h"
#include "payments.h"
#include "settle.h"
#include "stripe_checkout.h"

#define POOL_WAIT_MS 2000

static const char cancel_reason[] = "Payment cancelled by user";

/* What is known before Stripe is asked. */
struct return_trip {
	struct api *api;
	struct http_request *request;
	struct http_response *response;
	struct booking booking; /* id 0: none has this checkout */
	bool has_payment;       /* captured for it, kept or given back */
};

static enum err_kind find(struct return_trip *r, struct err *err)
{
	const char *id = r->request->params[0];
	enum err_kind kind;
	struct pg *db;

	r->booking.id = 0;
	r->has_payment = false;
	if (!checkout_id_is_valid(id))
		return ERR_OK;
	if (pg_pool_take(r->api->db, POOL_WAIT_MS, &db, err))
		return err->kind;
	kind = checkouts_find_booking(db, id, 0, r->request->arena, &r->booking, err);
	if (!kind && r->booking.id)
		kind = payments_find_any(db, r->booking.id, &r->has_payment, err);
	if (!kind && r->has_payment) /* as it was decided with the payment, which may have come since */
		kind = checkouts_find_booking(db, id, 0, r->request->arena, &r->booking, err);
	pg_pool_give(r->api->db, db);
	return kind;
}

static bool is_callers(const struct return_trip *r)
{
	const struct caller *caller = r->request->user;

	return r->booking.parent_id == caller->actor.user_id;
}

static void answer_true(struct return_trip *r, const char *message)
{
	relay_poke(r->api->relay);
	answer_open(r->response, message);
	buf_add(&r->response->body, "true");
	answer_close(r->response, clock_system()->now(clock_system()));
}

static void answer(struct return_trip *r, int status, const char *code, const char *message)
{
	answer_error(r->request, r->response, &(struct answer_error){status, code, message, NULL});
}

/* --- cancel-payment --- */

/* PAID: a payment was captured, or may still be. */
enum cancel_payment { CANCEL_PAYMENT_DONE, CANCEL_PAYMENT_PAID };

/* A Cancelled booking whose payment came late is no cancelled payment; one that expired stays cancelled from now on. */
static enum err_kind cancel_pending(struct return_trip *r, enum cancel_payment *ret_outcome, struct err *err)
{
	const struct checkout_ending ending = {.booking_id = r->booking.id,
					       .stripe_session_id = r->booking.stripe_session_id,
					       .cause = CAUSE_PAYMENT_CANCELLED,
					       .reason = cancel_reason,
					       .waits = true};
	enum checkout_end end;

	if (checkout_end(r->api, r->request, &ending, &end, &r->booking, err))
		return err->kind;
	if (end != CHECKOUT_END_WAITING && find(r, err))
		return err->kind;
	*ret_outcome = r->has_payment || end == CHECKOUT_END_PAID || end == CHECKOUT_END_WAITING
			       ? CANCEL_PAYMENT_PAID
			       : CANCEL_PAYMENT_DONE;
	return ERR_OK;
}

static enum err_kind cancel_payment(struct return_trip *r, enum cancel_payment *ret_outcome, struct err *err)
{
	struct instant now = clock_system()->now(clock_system());

	if (!r->has_payment && booking_may_revive(&r->booking, now))
		return cancel_pending(r, ret_outcome, err);
	switch (r->booking.status) {
	case BOOKING_PENDING:
		return cancel_pending(r, ret_outcome, err);
	case BOOKING_CONFIRMED:
	case BOOKING_COMPLETED:
		*ret_outcome = CANCEL_PAYMENT_PAID;
		return ERR_OK;
	case BOOKING_CANCELLED:
		*ret_outcome = r->has_payment ? CANCEL_PAYMENT_PAID : CANCEL_PAYMENT_DONE;
		return ERR_OK;
	}
	return ERR_OK;
}

/* Beside data: can nobody pay there any more? Else whatever is still paid goes back. */
static void answer_released(struct return_trip *r)
{
	relay_poke(r->api->relay);
	answer_open(r->response, "Session booking cancelled successfully");
	buf_addf(&r->response->body, "true,\"paymentPageClosed\":%s",
		 instant_is_none(r->booking.checkout_closed_at) ? "false" : "true");
	answer_close(r->response, clock_system()->now(clock_system()));
}

static void answer_unavailable(struct return_trip *r)
{
	http_response_add_header(r->request, r->response, "Retry-After", "1");
	answer(r, 503, "unavailable",
	       "We could not ask Stripe about this payment; please try again in a moment.");
}

static void fail_cancel(struct return_trip *r, const struct err *err)
{
	LOG(LOG_WARN, "payment not cancelled", LOG_S("code", err->code), LOG_S("why", err->msg));
	answer(r, 500, "internal", "Failed to cancel session");
}

/* Without a captured payment it may be another answer next time: one that is being processed may fail, and a session for which nothing was
 * to be paid may be cancelled. */
static void answer_paid(struct return_trip *r)
{
	if (!r->has_payment)
		keyed_forget(r->request);
	answer(r, 400, "already_paid", "Cannot cancel - payment already processed");
}

static void end_payment(void *api, struct http_request *request, struct http_response *response)
{
	struct return_trip r = {.api = api, .request = request, .response = response};
	enum cancel_payment outcome = CANCEL_PAYMENT_PAID;
	struct err err = {0};

	if (find(&r, &err))
		fail_cancel(&r, &err);
	else if (!r.booking.id)
		answer_not_found(request, response);
	else if (!is_callers(&r))
		answer(&r, 403, "forbidden", "You may not do this.");
	else if (cancel_payment(&r, &outcome, &err))
		fail_cancel(&r, &err);
	else if (outcome == CANCEL_PAYMENT_DONE)
		answer_released(&r);
	else
		answer_paid(&r);
}

/* --- confirm-payment --- */

static void answer_confirmed(struct return_trip *r)
{
	answer_true(r, "Your session is confirmed.");
}

/* One that was kept is refunded because its session was cancelled later, one that was not because it could not be. */
static void answer_refunded(struct return_trip *r)
{
	const bool was_kept = !instant_is_none(r->booking.paid_at);
	char words[SESSION_WORDS_BYTES], message[SESSION_WORDS_BYTES + 64];

	if (api_refund_words(r->api, r->request, r->booking.id, words) && !was_kept) {
		answer(r, 409, "refunded",
		       "This payment could not be kept for the session; it is refunded in full.");
		return;
	}
	snprintf(message, sizeof message, "%s%s%s",
		 was_kept ? "This session was cancelled." : "This payment could not be kept for the session.",
		 words[0] ? " " : "", words);
	answer(r, 409, "refunded", message);
}

static void settle(struct return_trip *r, const struct checkout *checkout)
{
	const struct flow flow = api_flow(r->api, r->request);
	struct settled settled;
	struct err err = {0};

	if (settle_checkout(&flow, r->booking.id, checkout, &settled, &err)) {
		answer_database_error(r->request, r->response, &err);
		return;
	}
	r->booking = settled.booking;
	if (settled.is_kept)
		answer_confirmed(r);
	else
		answer_refunded(r);
}

/* A delayed payment that failed: Stripe's event has told so, and its checkout may go on reading as one that waits. */
static bool has_failed(const struct booking *booking)
{
	return booking->status == BOOKING_CANCELLED && booking->cancel_cause == CAUSE_CHECKOUT_FAILED;
}

static void answer_unpaid(struct return_trip *r, bool is_awaited)
{
	answer(r, 400, "not_paid",
	       is_awaited ? "Your payment is being processed; we write to you once it has arrived."
			  : "This session has not been paid for.");
}

static void await_payment(struct return_trip *r, const struct checkout *checkout)
{
	const struct flow flow = api_flow(r->api, r->request);
	struct concluded concluded;
	struct err err = {0};

	if (conclude_checkout(&flow, r->booking.id, checkout, CHECKOUT_PROVES_WAIT, &concluded, &err))
		answer_database_error(r->request, r->response, &err);
	else
		answer_unpaid(r, !has_failed(&r->booking));
}

static void confirm(struct return_trip *r)
{
	struct stripe_answer stripe = {0};
	struct checkout checkout;
	struct err err = {0};

	if (stripe_get_checkout(r->api->stripe_confirm, r->booking.stripe_session_id, &checkout, &stripe,
				&err)) {
		LOG(LOG_WARN, "checkout not read", LOG_S("code", err.code), LOG_S("why", err.msg));
		answer_unavailable(r);
		return;
	}
	switch (checkout_prove(&checkout)) {
	case CHECKOUT_PROVES_PAID:
	case CHECKOUT_PROVES_FREE:
		settle(r, &checkout);
		return;
	case CHECKOUT_PROVES_WAIT:
		await_payment(r, &checkout);
		return;
	case CHECKOUT_PROVES_NOTHING:
	case CHECKOUT_PROVES_UNPAID:
	case CHECKOUT_PROVES_FAILED:
		answer_unpaid(r, false);
		return;
	}
}

static void confirm_payment(void *api, struct http_request *request, struct http_response *response)
{
	struct return_trip r = {.api = api, .request = request, .response = response};
	struct err err = {0};

	if (find(&r, &err))
		answer_database_error(request, response, &err);
	else if (!r.booking.id || !is_callers(&r))
		answer_not_found(request, response);
	else if (r.booking.status == BOOKING_CONFIRMED || r.booking.status == BOOKING_COMPLETED)
		answer_confirmed(&r);
	else if (r.has_payment)
		answer_refunded(&r);
	else
		confirm(&r);
}

void api_cancel_payment(void *api, struct http_request *request, struct http_response *response)
{
	keyed_run(api, request, response, end_payment);
}

void api_confirm_payment(void *api, struct http_request *request, struct http_response *response)
{
	keyed_run(api, request, response, confirm_payment);
}
