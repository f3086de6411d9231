/* event.h: what travels through our topics: CloudEvents 1.0 in Kafka's binary mode, JSON bodies, key = booking id.
 * What is in them stands in events/, for people and for validators.
 * Source: CloudEvents 1.0, Kafka protocol binding section 3.2; design.md section 5. Pure. */
#ifndef EVENT_H
#define EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "clock.h"
#include "err.h"

#define EVENT_BYTES_MAX (512 * 1024)

enum event_type {
	EVENT_BOOKING_CONFIRMED, /* unbook.booking.confirmed.v1 */
	EVENT_BOOKING_CANCELLED, /* unbook.booking.cancelled.v1 */
	EVENT_BOOKING_COMPLETED, /* unbook.booking.completed.v1 */
	EVENT_REFUND_REQUESTED,  /* unbook.refund.requested.v1 */
	EVENT_REFUND_CHANGED,    /* unbook.refund.changed.v1 */
	EVENT_CHECKOUT_CHECK,    /* unbook.checkout.check.v1 */
	EVENT_STRIPE,            /* com.stripe.<type> */
};

/* A decoded event; texts live in the arena given to the decoder. Fields that a type does not have are 0 or NULL. */
struct event {
	enum event_type type;
	const char *id;              /* ce_id */
	const char *ce_type;         /* as it stood on the wire */
	struct instant at;           /* ce_time; information only */
	const char *traceparent;     /* NULL when absent or malformed */
	int64_t booking_id;          /* 0 only for a Stripe event about nothing of ours */
	int64_t version;             /* of the booking, or of the refund for refund events */
	const char *refund_id;       /* refund events */
	const char *state;           /* refund.changed: the refund's state; booking events: the status word */
	const char *stripe_event_id; /* EVENT_STRIPE: evt_... */
};

/* One header of a Kafka record. value is not NUL-terminated. */
struct event_header {
	const char *name;
	const void *value;
	size_t value_len;
};

struct event_record {
	const char *topic; /* without the configured prefix */
	const void *value;
	size_t value_len;
	const struct event_header *headers;
	size_t header_count;
};

/* Bytes to event. Every refusal is ERR_REJECT with a stable code: no_value, too_large, not_json, not_object, too_deep, duplicate_key, missing_field,
 * wrong_type (msg names the field), no_ce_type, unknown_type, unknown_version, wrong_topic. Unknown fields and headers are ignored. */
enum err_kind event_decode(const struct event_record *record, struct arena *arena, struct event *ret_event,
			   struct err *err) MUST_CHECK;

/* "unbook.bookings", ... for the outbox's aggregatetype word; NULL for an unknown one. */
const char *event_topic_of(const char *aggregatetype);

/* Bodies, as JSON in the arena; NULL only when the arena is full. */
struct booking;
struct refund;
char *event_encode_booking(const struct booking *booking, struct arena *arena) MUST_CHECK;
/* A refund's first event. rest_minor: what it is to give back, by refund_promise. */
char *event_encode_refund_requested(const struct refund *refund, const char *cause, int64_t rest_minor,
				    struct arena *arena) MUST_CHECK;
char *event_encode_refund(const struct refund *refund, const char *cause, int64_t version,
			  struct arena *arena) MUST_CHECK;
char *event_encode_checkout_check(int64_t booking_id, struct arena *arena) MUST_CHECK;
/* "unbook.booking.cancelled.v1"; NULL for EVENT_STRIPE, whose word is "com.stripe." and Stripe's own type. */
const char *event_type_name(enum event_type type);

#endif
