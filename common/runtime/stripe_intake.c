#include "stripe_intake.h"

#include "refund_events.h"
#include "str.h"
#include "stripe_events.h"

/* Which booking it is about. A dispute and a refund made by hand carry no id of ours: their payment tells. */
static enum err_kind find_booking(struct pg *db, const struct stripe_intake *intake, int64_t *ret_id,
				  struct err *err)
{
	const struct stripe_event *event = intake->event;
	bool is_ours = !event->instance_id || str_eq(event->instance_id, intake->instance_id);
	struct refund_events_found found = {0};

	if (!event->booking_id && is_ours && (event->payment_intent || event->charge_id)
	    && stripe_event_owner(event->type) == STRIPE_EVENT_REFUND_WORKERS
	    && refund_events_find(db, event->payment_intent, event->charge_id, intake->arena, &found, err))
		return err->kind;
	*ret_id = !is_ours ? 0 : found.found ? found.booking_id : event->booking_id;
	return ERR_OK;
}

enum err_kind stripe_intake_take(struct pg *db, const struct stripe_intake *intake, bool *ret_is_new,
				 struct err *err)
{
	const struct stripe_event *event = intake->event;
	struct stripe_event_arrival arrival = {.id = event->id,
					       .type = event->type,
					       .object_id = event->object_id,
					       .created = event->created,
					       .payload = intake->body,
					       .payload_len = intake->body_len,
					       .is_nobodys = stripe_event_owner(event->type)
							     == STRIPE_EVENT_NOBODYS,
					       .traceparent = intake->traceparent,
					       .doorbell_ms = intake->doorbell_ms};

	struct stripe_event known = *event;

	if (find_booking(db, intake, &known.booking_id, err))
		return err->kind;
	arrival.booking_id = known.booking_id;
	arrival.reference = stripe_event_encode_reference(&known, intake->arena);
	if (!arrival.reference)
		return err_set(err, ERR_RETRY, "no_memory", "no room for a reference");
	return stripe_events_record_arrival(db, &arrival, ret_is_new, err);
}
