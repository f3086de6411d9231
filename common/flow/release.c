#include "release.h"

#include "bookings.h"
#include "crash_point.h"
#include "flow_private.h"
#include "payments.h"
#include "releases.h"

struct releasing {
	const struct flow *flow;
	const struct release_request *request;
	enum release_outcome outcome;
	bool takes_over;        /* RELEASE_REPEATED, and yet the cause becomes this person's */
	struct booking booking; /* as read under the lock, then as it will be committed */
};

static enum err_kind queue_release(struct releasing *r, struct pg *tx, struct instant now, struct err *err)
{
	const struct release_request *request = r->request;
	const struct bookings_cancel cancel = {r->booking.id, now, request->cause, request->by,
					       request->reason};
	const char *detail =
		arena_printf(r->flow->arena, "{\"cause\":\"%s\"}", cancel_cause_name(request->cause));

	r->booking.status = BOOKING_CANCELLED;
	r->booking.version++;
	r->booking.cancel_cause = request->cause;
	if (!r->takes_over)
		r->booking.cancelled_at = now;
	r->booking.cancelled_by = request->by;
	r->booking.cancellation_reason = request->reason;
	if ((r->takes_over ? releases_queue_taken_over(tx, &cancel, err)
			   : bookings_queue_cancel(tx, &cancel, err))
	    || flow_queue_log(r->flow, tx, r->booking.id, "released", detail, err)
	    || flow_queue_key(r->flow, tx, r->booking.id, err))
		return err->kind;
	return flow_queue_event(r->flow, tx, EVENT_BOOKING_CANCELLED, r->booking.id,
				event_encode_booking(&r->booking, r->flow->arena), err);
}

/* Closed for good, or somebody else's task from now on. */
static enum err_kind queue_checkout(struct releasing *r, struct pg *tx, struct err *err)
{
	if (r->request->is_given_up
	    && flow_queue_log(r->flow, tx, r->booking.id, "checkout_given_up",
			      arena_printf(r->flow->arena, "{\"checkout\":\"%s\"}",
					   r->booking.stripe_session_id ? r->booking.stripe_session_id : ""),
			      err))
		return err->kind;
	if (r->request->is_closed)
		return releases_queue_closed(tx, r->booking.id, err);
	if (!instant_is_none(r->booking.checkout_closed_at))
		return ERR_OK;
	if (releases_queue_open(tx, r->booking.id, r->flow->doorbell_ms, err))
		return err->kind;
	return flow_queue_event(r->flow, tx, EVENT_CHECKOUT_CHECK, r->booking.id,
				event_encode_checkout_check(r->booking.id, r->flow->arena), err);
}

/* The booking is locked, so a payment that is not there yet is decided after this. */
static enum err_kind decide(struct releasing *r, struct pg *tx, struct err *err)
{
	bool has_payment = false;

	r->outcome = release_decide(&r->booking, r->request->stripe_session_id);
	r->takes_over = r->outcome == RELEASE_REPEATED && release_takes_over(&r->booking, r->request->cause);
	if (r->takes_over && payments_find_any(tx, r->booking.id, &has_payment, err))
		return err->kind;
	r->takes_over = r->takes_over && !has_payment;
	return ERR_OK;
}

static enum err_kind release_once(void *context, struct pg *db, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	static const struct bookings_reader anybody = {.reads_all = true};
	struct releasing *r = context;
	PG_TX_SCOPE struct pg *tx = db;
	struct bookings_locked locked;
	bool cancels;

	if (bookings_lock(tx, r->request->booking_id, &anybody, r->flow->arena, &locked, err))
		return err->kind;
	CRASH_POINT("release.after_lock");
	r->outcome = RELEASE_UNKNOWN_BOOKING;
	if (!locked.found)
		return ERR_OK;
	r->booking = locked.booking;
	if (decide(r, tx, err))
		return err->kind;
	cancels = r->outcome == RELEASED || r->takes_over;
	if (!cancels && !(r->outcome == RELEASE_REPEATED && r->request->is_closed))
		return ERR_OK;
	if ((cancels && queue_release(r, tx, locked.now, err)) || queue_checkout(r, tx, err)
	    || pg_queue_commit(tx, err))
		return err->kind;
	CRASH_POINT("release.before_commit");
	if (pg_run(tx, &results, err))
		return err->kind;
	CRASH_POINT("release.after_commit");
	return ERR_OK;
}

enum err_kind release_booking(const struct flow *flow, const struct release_request *request,
			      enum release_outcome *ret_outcome, struct booking *ret_booking, struct err *err)
{
	struct releasing r = {.flow = flow, .request = request};
	enum err_kind kind = flow_run(flow, release_once, &r, err);

	if (kind)
		return kind;
	*ret_outcome = r.outcome;
	*ret_booking = r.booking;
	return ERR_OK;
}
