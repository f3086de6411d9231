#include "adopt.h"

#include "bookings.h"
#include "cancel_booking.h"
#include "flow_private.h"
#include "id.h"
#include "refund_events.h"
#include "str.h"

struct adopting {
	const struct flow *flow;
	const struct adoption *adoption;
	bool only_cancelled;
	char refund_id[ID_UUID_BYTES];
};

/* Why the money went back, as far as the booking tells. */
static const char *cause_of(const struct booking *booking)
{
	return booking->status == BOOKING_CANCELLED ? cancel_cause_name(booking->cancel_cause)
						    : cancel_cause_name(CAUSE_ADMIN);
}

/* The row alone: the booking stays as it is. */
static enum err_kind add_row_once(void *context, struct pg *db, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	static const struct bookings_reader anybody = {.reads_all = true};
	struct adopting *a = context;
	struct flow_refund refund = {.id = a->refund_id,
				     .booking_id = a->adoption->booking_id,
				     .payment_intent = a->adoption->payment_intent,
				     .amount = a->adoption->amount,
				     .may_exist = true};
	PG_TX_SCOPE struct pg *tx = db;
	struct bookings_locked locked;
	bool is_asked_for;

	if (bookings_lock(tx, refund.booking_id, &anybody, a->flow->arena, &locked, err)
	    || refund_events_is_asked_for(tx, refund.payment_intent, &is_asked_for, err))
		return err->kind;
	if (!locked.found)
		return err_set(err, ERR_REJECT, "unknown_booking", "no such booking");
	if (is_asked_for || (a->only_cancelled && locked.booking.status != BOOKING_CANCELLED))
		return ERR_OK;
	id_uuid(a->refund_id);
	refund.cause = cause_of(&locked.booking);
	if (flow_find_rest(tx, &refund, err))
		return err->kind;
	if (a->only_cancelled && refund.rest.minor == 0)
		return ERR_OK;
	if (flow_queue_refund_row(a->flow, tx, &refund, err)
	    || flow_queue_refund_news(a->flow, tx, &refund, err) || pg_queue_commit(tx, err))
		return err->kind;
	return pg_run(tx, &results, err);
}

enum err_kind adopt_refund(const struct flow *flow, const struct adoption *adoption, struct err *err)
{
	const struct cancel_request request = {.booking_id = adoption->booking_id,
					       .actor = {.roles = ROLE_ADMIN},
					       .only_payment_intent = adoption->payment_intent,
					       .refund_may_exist = true};
	struct adopting adopting = {.flow = flow, .adoption = adoption};
	struct cancelled cancelled;
	enum err_kind kind = cancel_booking(flow, &request, &cancelled, err);

	if (kind && kind != ERR_REJECT)
		return kind;
	return flow_run(flow, add_row_once, &adopting, err);
}

enum err_kind owe_again(const struct flow *flow, const struct adoption *adoption, struct err *err)
{
	struct adopting adopting = {.flow = flow, .adoption = adoption, .only_cancelled = true};

	return flow_run(flow, add_row_once, &adopting, err);
}
