/* event_encode.c: bodies of our own events, as the schemas in events/ say. Fields are added, never renamed or removed, within one major version. */
#include <jansson.h>

#include "booking.h"
#include "event.h"
#include "refund.h"
#include "rfc3339.h"

/* Takes body; NULL gives NULL. */
static char *dump(json_t *body, struct arena *arena)
{
	size_t len = body ? json_dumpb(body, NULL, 0, JSON_COMPACT) : 0;
	char *text = len ? arena_alloc(arena, len + 1) : NULL;

	if (text && json_dumpb(body, text, len, JSON_COMPACT) != len)
		text = NULL;
	json_decref(body);
	return text;
}

static const char *when(struct instant at, char text[RFC3339_BYTES])
{
	if (instant_is_none(at))
		return NULL;
	rfc3339_encode(at, text);
	return text;
}

char *event_encode_booking(const struct booking *booking, struct arena *arena)
{
	char starts[RFC3339_BYTES], ends[RFC3339_BYTES], cancelled[RFC3339_BYTES];
	bool is_cancelled = booking->status == BOOKING_CANCELLED;
	json_t *body = json_pack(
		"{s:I,s:i,s:s,s:I,s:I,s:I,s:s?,s:s?,s:I,s:s,s:s?,s:s?,s:I}", "bookingId",
		(json_int_t)booking->id, "status", (int)booking->status, "statusName",
		booking_status_name(booking->status), "parentId", (json_int_t)booking->parent_id, "studentId",
		(json_int_t)booking->student_id, "teacherId", (json_int_t)booking->teacher_id, "startsAt",
		when(booking->starts_at, starts), "endsAt", when(booking->ends_at, ends), "amountMinor",
		(json_int_t)booking->price.minor, "currency", booking->price.currency, "cause",
		is_cancelled ? cancel_cause_name(booking->cancel_cause) : NULL, "cancelledAt",
		is_cancelled ? when(booking->cancelled_at, cancelled) : NULL, "version",
		(json_int_t)booking->version);

	return dump(body, arena);
}

static json_t *refund_body(const struct refund *refund, const char *cause, int64_t version)
{
	return json_pack("{s:s,s:I,s:s?,s:s,s:s?,s:I,s:s,s:i,s:I}", "refundId", refund->id, "bookingId",
			 (json_int_t)refund->booking_id, "paymentIntent", refund->payment_intent, "state",
			 refund_state_name(refund->state), "cause", cause, "amountMinor",
			 (json_int_t)refund->captured.minor, "currency", refund->captured.currency,
			 "generation", refund->generation, "version", (json_int_t)version);
}

char *event_encode_refund_requested(const struct refund *refund, const char *cause, int64_t rest_minor,
				    struct arena *arena)
{
	json_t *body = refund_body(refund, cause, 1);

	if (body && json_object_set_new(body, "restMinor", json_integer(rest_minor))) {
		json_decref(body);
		return NULL;
	}
	return dump(body, arena);
}

char *event_encode_refund(const struct refund *refund, const char *cause, int64_t version,
			  struct arena *arena)
{
	return dump(refund_body(refund, cause, version), arena);
}

char *event_encode_checkout_check(int64_t booking_id, struct arena *arena)
{
	return dump(json_pack("{s:I}", "bookingId", (json_int_t)booking_id), arena);
}

const char *event_type_name(enum event_type type)
{
	switch (type) {
	case EVENT_BOOKING_CONFIRMED:
		return "unbook.booking.confirmed.v1";
	case EVENT_BOOKING_CANCELLED:
		return "unbook.booking.cancelled.v1";
	case EVENT_BOOKING_COMPLETED:
		return "unbook.booking.completed.v1";
	case EVENT_REFUND_REQUESTED:
		return "unbook.refund.requested.v1";
	case EVENT_REFUND_CHANGED:
		return "unbook.refund.changed.v1";
	case EVENT_CHECKOUT_CHECK:
		return "unbook.checkout.check.v1";
	case EVENT_STRIPE:
		return NULL;
	}
	return NULL;
}
