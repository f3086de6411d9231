#include "stripe_intake.h"

#include "str.h"
#include "stripe_events.h"

static int64_t booking_of(const struct stripe_intake *intake)
{
	const struct stripe_event *event = intake->event;
	bool is_ours = !event->instance_id || str_eq(event->instance_id, intake->instance_id);

	return is_ours ? event->booking_id : 0;
}

enum err_kind stripe_intake_take(struct pg *db, const struct stripe_intake *intake, bool *ret_is_new,
				 struct err *err)
{
	const struct stripe_event *event = intake->event;
	const struct stripe_event_arrival arrival = {
		.id = event->id,
		.type = event->type,
		.object_id = event->object_id,
		.created = event->created,
		.payload = intake->body,
		.payload_len = intake->body_len,
		.is_nobodys = stripe_event_owner(event->type) == STRIPE_EVENT_NOBODYS,
		.booking_id = booking_of(intake),
		.reference = stripe_event_encode_reference(event, intake->arena),
		.traceparent = intake->traceparent,
		.doorbell_ms = intake->doorbell_ms};

	if (!arrival.reference)
		return err_set(err, ERR_RETRY, "no_memory", "no room for a reference");
	return stripe_events_record_arrival(db, &arrival, ret_is_new, err);
}
