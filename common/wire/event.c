#include "event.h"

#include <stdbool.h>
#include <string.h>

#include "json_strict.h"
#include "rfc3339.h"
#include "str.h"

#define HEADER_BYTES_MAX  256  /* of a CloudEvents attribute that we read */
#define SUBJECT_BYTES_MAX 1024 /* of ce_subject, which we do not read */
#define WORD_BYTES_MAX    255
#define STRIPE_PREFIX     "com.stripe."

static const struct kind {
	enum event_type type;
	const char *name; /* without the major version */
	const char *topic;
} kinds[] = {
	{EVENT_BOOKING_CONFIRMED, "unbook.booking.confirmed.", "unbook.bookings"},
	{EVENT_BOOKING_CANCELLED, "unbook.booking.cancelled.", "unbook.bookings"},
	{EVENT_BOOKING_COMPLETED, "unbook.booking.completed.", "unbook.bookings"},
	{EVENT_REFUND_REQUESTED, "unbook.refund.requested.", "unbook.refunds"},
	{EVENT_REFUND_CHANGED, "unbook.refund.changed.", "unbook.refunds"},
	{EVENT_CHECKOUT_CHECK, "unbook.checkout.check.", "unbook.checkouts"},
	{EVENT_STRIPE, STRIPE_PREFIX, "stripe.events"},
};

/* The first header of that name, copied; NULL when absent. */
static enum err_kind header_text(const struct event_record *record, const char *name, struct arena *arena,
				 const char **ret, struct err *err)
{
	*ret = NULL;
	for (size_t i = 0; i < record->header_count; i++) {
		const struct event_header *header = &record->headers[i];

		if (!header->name || !str_eq(header->name, name))
			continue;
		if (header->value_len > HEADER_BYTES_MAX)
			return err_set(err, ERR_REJECT, "too_large", "header %s has %zu bytes", name,
				       header->value_len);
		if (!header->value || !str_is_utf8(header->value, header->value_len))
			return err_set(err, ERR_REJECT, "wrong_type", "header %s is not text", name);
		*ret = arena_strndup(arena, header->value, header->value_len);
		return *ret ? ERR_OK : err_set(err, ERR_RETRY, "no_memory", "the message's arena is full");
	}
	return ERR_OK;
}

static enum err_kind check_sizes(const struct event_record *record, struct err *err)
{
	if (!record->value || !record->value_len)
		return err_set(err, ERR_REJECT, "no_value", "the record has no value");
	if (record->value_len > EVENT_BYTES_MAX)
		return err_set(err, ERR_REJECT, "too_large", "the value has %zu bytes", record->value_len);
	for (size_t i = 0; i < record->header_count; i++) {
		const struct event_header *header = &record->headers[i];

		if (header->name && str_eq(header->name, "ce_subject")
		    && header->value_len > SUBJECT_BYTES_MAX)
			return err_set(err, ERR_REJECT, "too_large", "ce_subject has %zu bytes",
				       header->value_len);
	}
	return ERR_OK;
}

/* "00-<32 hex>-<16 hex>-<2 hex>", lower case, neither id all zero (W3C Trace Context 3.2.2). */
static bool traceparent_is_valid(const char *text)
{
	static const char shape[] = "00-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";

	if (strlen(text) != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; shape[i]; i++) {
		if (shape[i] == 'x' ? !strchr("0123456789abcdef", text[i]) : text[i] != shape[i])
			return false;
	}
	return strspn(text + 3, "0") < 32 && strspn(text + 36, "0") < 16;
}

static enum err_kind find_kind(const char *ce_type, const struct kind **ret_kind, struct err *err)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *rest;

		if (!str_starts(ce_type, kinds[i].name))
			continue;
		rest = ce_type + strlen(kinds[i].name);
		if (kinds[i].type == EVENT_STRIPE ? !*rest : !(*rest == 'v' && rest[1]))
			break;
		if (kinds[i].type != EVENT_STRIPE && !str_eq(rest, "v1"))
			return err_set(err, ERR_REJECT, "unknown_version", "type %.100s", ce_type);
		*ret_kind = &kinds[i];
		return ERR_OK;
	}
	return err_set(err, ERR_REJECT, "unknown_type", "type %.100s", ce_type);
}

static enum err_kind decode_headers(const struct event_record *record, struct arena *arena,
				    struct event *event, struct err *err)
{
	const char *version, *time, *trace;
	const struct kind *kind = NULL;

	if (header_text(record, "ce_type", arena, &event->ce_type, err)
	    || header_text(record, "ce_specversion", arena, &version, err)
	    || header_text(record, "ce_id", arena, &event->id, err)
	    || header_text(record, "ce_time", arena, &time, err)
	    || header_text(record, "traceparent", arena, &trace, err))
		return err ? err->kind : ERR_REJECT;
	if (!event->ce_type || !*event->ce_type)
		return err_set(err, ERR_REJECT, "no_ce_type", "header ce_type is missing");
	if (!version)
		return err_set(err, ERR_REJECT, "missing_field", "header ce_specversion");
	if (!str_starts(version, "1."))
		return err_set(err, ERR_REJECT, "unknown_version", "ce_specversion %.32s", version);
	if (!event->id || !*event->id)
		return err_set(err, ERR_REJECT, "missing_field", "header ce_id");
	if (find_kind(event->ce_type, &kind, err))
		return ERR_REJECT;
	if (!record->topic || !str_eq(record->topic, kind->topic))
		return err_set(err, ERR_REJECT, "wrong_topic", "type %.100s in topic %.64s", event->ce_type,
			       record->topic ? record->topic : "");
	event->type = kind->type;
	if (!time || !rfc3339_decode(time, &event->at))
		event->at = INSTANT_NONE;
	event->traceparent = trace && traceparent_is_valid(trace) ? trace : NULL;
	return ERR_OK;
}

/* A whole number of at least 1. null_is_zero: null or nothing counts as 0. */
static enum err_kind field_int(const json_t *body, const char *name, bool null_is_zero, int64_t *ret,
			       struct err *err)
{
	const json_t *value = json_object_get(body, name);

	if (null_is_zero && (!value || json_is_null(value))) {
		*ret = 0;
		return ERR_OK;
	}
	if (!value)
		return err_set(err, ERR_REJECT, "missing_field", "%s", name);
	if (!json_is_integer(value) || json_integer_value(value) < 1)
		return err_set(err, ERR_REJECT, "wrong_type", "%s is not a whole number above 0", name);
	*ret = json_integer_value(value);
	return ERR_OK;
}

static enum err_kind field_text(const json_t *body, const char *name, struct arena *arena, const char **ret,
				struct err *err)
{
	const json_t *value = json_object_get(body, name);
	size_t len = json_string_length(value);

	if (!value)
		return err_set(err, ERR_REJECT, "missing_field", "%s", name);
	if (!json_is_string(value) || !len || len > WORD_BYTES_MAX
	    || !str_is_printable(json_string_value(value)))
		return err_set(err, ERR_REJECT, "wrong_type", "%s is not a short text", name);
	*ret = arena_strndup(arena, json_string_value(value), len);
	return *ret ? ERR_OK : err_set(err, ERR_RETRY, "no_memory", "the message's arena is full");
}

static enum err_kind field_uuid(const json_t *body, const char *name, struct arena *arena, const char **ret,
				struct err *err)
{
	enum err_kind kind = field_text(body, name, arena, ret, err);

	if (kind)
		return kind;
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (!(*ret)[i] || (dash ? (*ret)[i] != '-' : !strchr("0123456789abcdefABCDEF", (*ret)[i])))
			return err_set(err, ERR_REJECT, "wrong_type", "%s is not a uuid", name);
	}
	return (*ret)[36] ? err_set(err, ERR_REJECT, "wrong_type", "%s is not a uuid", name) : ERR_OK;
}

static enum err_kind decode_fields(const json_t *body, struct arena *arena, struct event *event,
				   struct err *err)
{
	enum err_kind kind =
		field_int(body, "bookingId", event->type == EVENT_STRIPE, &event->booking_id, err);

	if (kind)
		return kind;
	switch (event->type) {
	case EVENT_BOOKING_CONFIRMED:
	case EVENT_BOOKING_CANCELLED:
	case EVENT_BOOKING_COMPLETED:
		kind = field_int(body, "version", false, &event->version, err);
		return kind ? kind : field_text(body, "statusName", arena, &event->state, err);
	case EVENT_REFUND_REQUESTED:
	case EVENT_REFUND_CHANGED:
		kind = field_int(body, "version", false, &event->version, err);
		if (!kind)
			kind = field_uuid(body, "refundId", arena, &event->refund_id, err);
		return kind ? kind : field_text(body, "state", arena, &event->state, err);
	case EVENT_CHECKOUT_CHECK:
		return ERR_OK;
	case EVENT_STRIPE:
		return field_text(body, "eventId", arena, &event->stripe_event_id, err);
	}
	return ERR_OK;
}

enum err_kind event_decode(const struct event_record *record, struct arena *arena, struct event *ret_event,
			   struct err *err)
{
	struct event event = {0};
	struct err mine = {0};
	enum err_kind kind;
	json_t *body;

	err = err ? err : &mine;
	kind = check_sizes(record, err);
	if (!kind)
		kind = decode_headers(record, arena, &event, err);
	if (kind)
		return kind;
	kind = json_strict_load(record->value, record->value_len, false, &body, err);
	if (kind)
		return kind;
	kind = decode_fields(body, arena, &event, err);
	json_decref(body);
	if (!kind)
		*ret_event = event;
	return kind;
}

const char *event_topic_of(const char *aggregatetype)
{
	static const char *const words[][2] = {
		{"booking", "unbook.bookings"},
		{"refund", "unbook.refunds"},
		{"checkout", "unbook.checkouts"},
		{"stripe", "stripe.events"},
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_eq(aggregatetype, words[i][0]))
			return words[i][1];
	}
	return NULL;
}
