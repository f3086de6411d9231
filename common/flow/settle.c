#include "settle.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bookings.h"
#include "crash_point.h"
#include "flow_private.h"
#include "id.h"
#include "meetings.h"
#include "payments.h"
#include "str.h"

#define TOKEN_BYTES 16 /* of a meeting's link: nobody guesses it */

/* One payment on its way. */
struct settling {
	const struct flow *flow;
	int64_t booking_id;
	const struct payment *payment; /* NULL: there was nothing to pay */
	const char *stripe_session_id; /* NULL: not known */
	bool slot_is_gone;             /* the exclusion constraint has refused the revival */
	struct payments_locked locked;
	struct booking after; /* as it will be committed */
	struct settled settled;
	char refund_id[ID_UUID_BYTES];
	struct flow_refund refund; /* of a payment that is given back */
};

static void decide(struct settling *s)
{
	const struct payments_locked *locked = &s->locked;
	struct payment_decision *decision = &s->settled.decision;

	if (s->payment)
		payment_decide(&locked->booking, s->payment, locked->now,
			       locked->slot_is_free && !s->slot_is_gone, decision);
	else
		payment_decide_free(&locked->booking, locked->now, decision);
	s->after = locked->booking;
	if (payment_is_kept(decision->outcome)) {
		s->after.status = BOOKING_CONFIRMED;
		s->after.version++;
		s->after.payment_intent = s->payment ? s->payment->payment_intent : NULL;
		s->after.paid_at = s->payment && !instant_is_none(s->payment->captured_at)
					   ? s->payment->captured_at
					   : locked->now;
		s->after.cancel_cause = CAUSE_NONE;
		s->after.cancelled_at = INSTANT_NONE;
		s->after.cancellation_reason = NULL;
		s->after.cancelled_by = 0;
	} else if (decision->outcome == PAYMENT_RETURN_AND_CANCEL) {
		s->after.status = BOOKING_CANCELLED;
		s->after.version++;
		s->after.cancel_cause = decision->cause;
		s->after.cancelled_at = locked->now;
	}
}

/* The link of the template provider, random and ready at once; NULL when memory is out. */
static const char *meeting_url(const struct flow *flow)
{
	static const char place[] = "{token}";
	const char *template = flow->meeting_url_template;
	const char *at = strstr(template, place);
	char token[2 * TOKEN_BYTES + 1];

	id_hex(token, TOKEN_BYTES);
	if (!at)
		return arena_printf(flow->arena, "%s%s", template, token);
	return arena_printf(flow->arena, "%.*s%s%s", (int)(at - template), template, token,
			    at + sizeof place - 1);
}

static enum err_kind queue_meeting(struct settling *s, struct pg *tx, struct err *err)
{
	const char *url;

	if (!s->flow->meeting_url_template || !s->flow->meeting_url_template[0])
		return ERR_OK;
	url = meeting_url(s->flow);
	if (!url)
		return err_set(err, ERR_RETRY, "no_memory", "no room for a meeting's link");
	return meetings_queue_ready(tx, s->booking_id, url, err);
}

static enum err_kind queue_checkout(struct settling *s, struct pg *tx, struct err *err)
{
	if (!s->stripe_session_id)
		return ERR_OK;
	return payments_queue_checkout_closed(tx, s->booking_id, s->stripe_session_id, s->locked.now, err);
}

/* 0 -> 1 or 3 -> 1. */
static enum err_kind queue_kept(struct settling *s, struct pg *tx, struct err *err)
{
	bool revives = s->settled.decision.outcome == PAYMENT_REVIVE;
	const struct payments_kept kept = {.booking_id = s->booking_id,
					   .teacher_id = s->after.teacher_id,
					   .revives = revives,
					   .payment_intent = s->after.payment_intent,
					   .paid_at = s->after.paid_at};
	const char *detail = s->payment ? arena_printf(s->flow->arena,
						       "{\"payment\":\"%s\",\"amountMinor\":%" PRId64
						       ",\"currency\":\"%s\"}",
						       s->payment->payment_intent, s->payment->amount.minor,
						       s->payment->amount.currency)
					: "{\"amountMinor\":0}";

	if (payments_queue_kept(tx, &kept, err) || queue_checkout(s, tx, err)
	    || flow_queue_mails(s->flow, tx, &s->after,
				&(struct flow_mail){.kind = MAIL_CONFIRMED, .to_both = true}, err)
	    || queue_meeting(s, tx, err)
	    || flow_queue_log(s->flow, tx, s->booking_id, revives ? "revived" : "confirmed", detail, err))
		return err->kind;
	return flow_queue_event(s->flow, tx, EVENT_BOOKING_CONFIRMED, s->booking_id,
				event_encode_booking(&s->after, s->flow->arena), err);
}

/* Before anything is queued. */
static enum err_kind prepare_return(struct settling *s, struct pg *tx, struct err *err)
{
	id_uuid(s->refund_id);
	s->refund = (struct flow_refund){.id = s->refund_id,
					 .booking_id = s->booking_id,
					 .payment_intent = s->payment->payment_intent,
					 .amount = s->payment->amount,
					 .cause = s->settled.decision.refund_cause};
	return flow_find_rest(tx, &s->refund, err);
}

/* Whoever's money is given back hears of it (rule 5). The refund's row comes before the mail (lock order). */
static enum err_kind queue_return(struct settling *s, struct pg *tx, struct err *err)
{
	const struct flow_mail mail = {.kind = MAIL_PAYMENT_RETURNED, .ref = s->refund_id};
	const char *detail = arena_printf(s->flow->arena, "{\"payment\":\"%s\",\"cause\":\"%s\"}",
					  s->payment->payment_intent, s->refund.cause);

	if (flow_queue_refund_row(s->flow, tx, &s->refund, err)
	    || flow_queue_mails(s->flow, tx, &s->after, &mail, err)
	    || flow_queue_log(s->flow, tx, s->booking_id, "payment_returned", detail, err))
		return err->kind;
	return flow_queue_refund_news(s->flow, tx, &s->refund, err);
}

static enum err_kind queue_not_kept(struct settling *s, struct pg *tx, struct err *err)
{
	const struct bookings_cancel cancel = {
		.id = s->booking_id, .at = s->locked.now, .cause = s->settled.decision.cause};
	bool cancels = s->settled.decision.outcome == PAYMENT_RETURN_AND_CANCEL;
	const char *detail =
		cancels ? arena_printf(s->flow->arena, "{\"cause\":\"%s\"}", cancel_cause_name(cancel.cause))
			: NULL;

	if ((cancels && bookings_queue_cancel(tx, &cancel, err)) || queue_checkout(s, tx, err)
	    || (s->payment && queue_return(s, tx, err)))
		return err->kind;
	if (!cancels)
		return ERR_OK;
	if (flow_queue_log(s->flow, tx, s->booking_id, "cancelled", detail, err))
		return err->kind;
	return flow_queue_event(s->flow, tx, EVENT_BOOKING_CANCELLED, s->booking_id,
				event_encode_booking(&s->after, s->flow->arena), err);
}

/* The second round trip; a payment that is given back costs one more. */
static enum err_kind write_all(struct settling *s, struct pg *tx, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	bool is_kept = payment_is_kept(s->settled.decision.outcome);

	if (!is_kept && s->payment && prepare_return(s, tx, err))
		return err->kind;
	if ((is_kept ? queue_kept(s, tx, err) : queue_not_kept(s, tx, err)) || pg_queue_commit(tx, err))
		return err->kind;
	CRASH_POINT("settle.before_commit");
	return pg_run(tx, &results, err);
}

static bool keeps(const struct booking *booking, const struct payment *payment)
{
	if (booking->status != BOOKING_CONFIRMED && booking->status != BOOKING_COMPLETED)
		return false;
	return payment ? str_eq(booking->payment_intent, payment->payment_intent) : !booking->payment_intent;
}

static void conclude(struct settling *s, enum settle_outcome outcome, const struct booking *booking)
{
	s->settled.outcome = outcome;
	s->settled.booking = *booking;
	s->settled.is_kept = keeps(booking, s->payment);
}

static enum err_kind settle_once(void *context, struct pg *db, struct err *err)
{
	struct settling *s = context;
	PG_TX_SCOPE struct pg *tx = db;

	if (payments_lock(tx, s->booking_id, s->payment, s->flow->arena, &s->locked, err))
		return err->kind;
	CRASH_POINT("settle.after_lock");
	s->settled = (struct settled){.outcome = SETTLE_UNKNOWN_BOOKING};
	if (!s->locked.found)
		return ERR_OK;
	if (!s->locked.is_new || (!s->payment && keeps(&s->locked.booking, NULL))) {
		conclude(s, SETTLE_REPEATED, &s->locked.booking);
		return ERR_OK;
	}
	decide(s);
	if (write_all(s, tx, err)) {
		if (err->kind != ERR_REJECT || !str_eq(err->code, "pg_exclusion") || s->slot_is_gone)
			return err->kind;
		s->slot_is_gone = true; /* decided again, as refused */
		return err_set(err, ERR_RETRY, "pg_conflict", "the slot was sold meanwhile");
	}
	CRASH_POINT("settle.after_commit");
	conclude(s, SETTLE_DECIDED, &s->after);
	return ERR_OK;
}

static enum err_kind settle(struct settling *s, struct settled *ret_settled, struct err *err)
{
	enum err_kind kind = flow_run(s->flow, settle_once, s, err);

	if (!kind)
		*ret_settled = s->settled;
	return kind;
}

enum err_kind settle_payment(const struct flow *flow, int64_t booking_id, const struct payment *payment,
			     struct settled *ret_settled, struct err *err)
{
	struct settling s = {.flow = flow,
			     .booking_id = booking_id,
			     .payment = payment,
			     .stripe_session_id = payment->stripe_session_id};

	return settle(&s, ret_settled, err);
}

enum err_kind settle_checkout(const struct flow *flow, int64_t booking_id, const struct checkout *checkout,
			      struct settled *ret_settled, struct err *err)
{
	struct settling s = {.flow = flow, .booking_id = booking_id, .stripe_session_id = checkout->id};
	enum checkout_proof proof = checkout_prove(checkout);
	struct payment payment;

	if (proof != CHECKOUT_PROVES_PAID && proof != CHECKOUT_PROVES_FREE)
		return err_set(err, ERR_REJECT, "not_paid", "the checkout proves no payment");
	if (proof == CHECKOUT_PROVES_PAID) {
		checkout_payment(checkout, INSTANT_NONE, &payment);
		s.payment = &payment;
	}
	return settle(&s, ret_settled, err);
}
