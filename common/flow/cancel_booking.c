#include "cancel_booking.h"

#include "bookings.h"
#include "crash_point.h"
#include "flow_private.h"
#include "id.h"
#include "meetings.h"
#include "str.h"

/* One cancel on its way. */
struct cancelling {
	const struct flow *flow;
	const struct cancel_request *request;
	struct cancelled cancelled; /* booking: as read under the lock, then as it will be committed */
	char refund_id[ID_UUID_BYTES];
};

/* The first round trip: lock, clock, decide. Errors besides pg_run's: not_found, and those of cancel_decide. */
static enum err_kind decide(struct cancelling *c, struct pg *tx, struct err *err)
{
	const struct actor *actor = &c->request->actor;
	const struct bookings_reader reader = {.user_id = actor->user_id,
					       .reads_all = (actor->roles & ROLE_ADMIN) != 0,
					       .wants_beside = true};
	bool is_system = actor->user_id == 0 && (actor->roles & ROLE_ADMIN);
	struct bookings_locked locked;

	if (bookings_lock(tx, c->request->booking_id, &reader, c->flow->arena, &locked, err))
		return err->kind;
	if (!locked.found || (!is_system && !booking_may_be_read_by(&locked.booking, actor)))
		return err_set(err, ERR_REJECT, "not_found", "no such booking for this caller");
	if (c->request->only_payment_intent
	    && !str_eq(locked.booking.payment_intent, c->request->only_payment_intent))
		return err_set(err, ERR_REJECT, "not_found", "the booking keeps another payment");
	c->cancelled.booking = locked.booking;
	c->cancelled.now = locked.now;
	c->cancelled.promise = refund_promise(locked.booking.price, &locked.beside);
	return cancel_decide(&locked.booking, actor, c->request->policy, locked.now, &c->cancelled.decided,
			     err);
}

/* The rows, in the lock order of design.md section 4. */
static enum err_kind queue_rows(struct cancelling *c, struct pg *tx, const struct flow_refund *refund,
				struct err *err)
{
	const struct booking *booking = &c->cancelled.booking;
	const struct bookings_cancel cancel = {booking->id, booking->cancelled_at, booking->cancel_cause,
					       c->request->actor.user_id, c->request->reason};

	if (bookings_queue_cancel(tx, &cancel, err)
	    || (refund && flow_queue_refund_row(c->flow, tx, refund, err))
	    || flow_queue_mails(c->flow, tx, booking,
				&(struct flow_mail){.kind = MAIL_CANCELLED, .to_both = true}, err))
		return err->kind;
	return meetings_queue_unwanted(tx, booking->id, err);
}

/* All that follows from the decision; the booking is first made what it will be. */
static enum err_kind queue_all(struct cancelling *c, struct pg *tx, struct err *err)
{
	struct booking *booking = &c->cancelled.booking;
	const char *cause = cancel_cause_name(c->cancelled.decided.cause);
	const struct flow_refund refund = {.id = c->refund_id,
					   .booking_id = booking->id,
					   .payment_intent = booking->payment_intent,
					   .amount = booking->price,
					   .rest = c->cancelled.promise.rest,
					   .cause = cause,
					   .may_exist = c->request->refund_may_exist};
	bool pays_back = c->cancelled.decided.outcome == CANCEL_AND_REFUND
			 && c->cancelled.promise.kind != REFUND_PROMISE_CHARGED_BACK;

	id_uuid(c->refund_id);
	booking->status = BOOKING_CANCELLED;
	booking->cancel_cause = c->cancelled.decided.cause;
	booking->cancelled_at = c->cancelled.now;
	booking->version++;
	if (queue_rows(c, tx, pays_back ? &refund : NULL, err)
	    || flow_queue_log(c->flow, tx, booking->id, "cancelled",
			      arena_printf(c->flow->arena, "{\"cause\":\"%s\"}", cause), err)
	    || flow_queue_event(c->flow, tx, EVENT_BOOKING_CANCELLED, booking->id,
				event_encode_booking(booking, c->flow->arena), err)
	    || (pays_back && flow_queue_refund_news(c->flow, tx, &refund, err))
	    || flow_queue_key(c->flow, tx, booking->id, err))
		return err->kind;
	return pg_queue_commit(tx, err);
}

/* One try: two round trips. */
static enum err_kind cancel_once(void *context, struct pg *db, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct cancelling *c = context;
	PG_TX_SCOPE struct pg *tx = db;

	if (decide(c, tx, err))
		return err->kind;
	CRASH_POINT("cancel.after_lock");
	if (c->cancelled.decided.outcome == CANCEL_REPEATED || c->cancelled.decided.outcome == CANCEL_RELEASE)
		return ERR_OK;
	if (queue_all(c, tx, err))
		return err->kind;
	CRASH_POINT("cancel.before_commit");
	if (pg_run(tx, &results, err))
		return err->kind;
	CRASH_POINT("cancel.after_commit");
	return ERR_OK;
}

enum err_kind cancel_booking(const struct flow *flow, const struct cancel_request *request,
			     struct cancelled *ret_cancelled, struct err *err)
{
	struct cancelling c = {.flow = flow, .request = request};
	enum err_kind kind = flow_run(flow, cancel_once, &c, err);

	*ret_cancelled = c.cancelled;
	return kind;
}
