/* stripe_event_object.c: strict decoding of Stripe's events, and the reference to one that goes through our topic. */
#include <string.h>

#include "rfc3339.h"
#include "str.h"
#include "stripe_checkout_object.h"
#include "stripe_json.h"

#define EVENTS_PER_PAGE_MAX 100
#define WORD_BYTES_MAX      128

/* A word of an object in the arena; NULL when absent or unfit. */
static const char *word(const json_t *value, struct arena *arena)
{
	char text[WORD_BYTES_MAX];

	return stripe_json_word(text, sizeof text, value) ? arena_strdup(arena, text) : NULL;
}

static const char *id_word(const json_t *value, struct arena *arena)
{
	return word(json_is_object(value) ? json_object_get(value, "id") : value, arena);
}

static void read_object(const json_t *object, struct arena *arena, struct stripe_event *event)
{
	const json_t *metadata = json_object_get(object, "metadata");
	const char *kind = word(json_object_get(object, "object"), arena);
	const char *id = word(json_object_get(object, "id"), arena);

	event->object_kind = kind ? kind : "";
	event->object_id = id ? id : "";
	event->object = stripe_json_dump(object, arena);
	event->payment_intent = str_eq(kind, "payment_intent")
					? event->object_id
					: id_word(json_object_get(object, "payment_intent"), arena);
	event->charge_id =
		str_eq(kind, "charge") ? event->object_id : id_word(json_object_get(object, "charge"), arena);
	event->status = word(json_object_get(object, "status"), arena);
	event->booking_id = stripe_json_booking_id(metadata);
	event->instance_id = word(json_object_get(metadata, "instance_id"), arena);
}

static enum err_kind read_event(const json_t *root, struct arena *arena, struct stripe_event *ret_event,
				struct err *err)
{
	const char *type = json_string_value(json_object_get(root, "object"));
	const json_t *object = json_object_get(json_object_get(root, "data"), "object");
	struct stripe_event event = {.id = word(json_object_get(root, "id"), arena),
				     .type = word(json_object_get(root, "type"), arena)};

	if (!type || !str_eq(type, "event"))
		return stripe_json_bad(err, "object");
	if (!event.id || !str_starts(event.id, "evt_"))
		return stripe_json_bad(err, "id");
	if (!event.type)
		return stripe_json_bad(err, "type");
	if (!json_is_boolean(json_object_get(root, "livemode")))
		return stripe_json_bad(err, "livemode");
	event.is_live = json_is_true(json_object_get(root, "livemode"));
	if (!stripe_json_instant(json_object_get(root, "created"), &event.created))
		return stripe_json_bad(err, "created");
	read_object(object, arena, &event);
	if (object && !event.object)
		return err_set(err, ERR_REJECT, "too_large", "the object does not fit");
	*ret_event = event;
	return ERR_OK;
}

enum err_kind stripe_event_decode(const char *bytes, size_t len, struct arena *arena,
				  struct stripe_event *ret_event, struct err *err)
{
	JSON_SCOPE json_t *root = NULL;
	enum err_kind kind = stripe_json_parse(bytes, len, &root, err);

	return kind ? kind : read_event(root, arena, ret_event, err);
}

enum err_kind stripe_event_page_decode(const char *bytes, size_t len, struct arena *arena,
				       struct stripe_event_page *ret_page, struct err *err)
{
	JSON_SCOPE json_t *root = NULL;
	enum err_kind kind = stripe_json_parse(bytes, len, &root, err);
	struct stripe_event_page page = {0};
	const json_t *data;

	if (kind)
		return kind;
	data = json_object_get(root, "data");
	page.count = json_array_size(data);
	if (!json_is_array(data) || page.count > EVENTS_PER_PAGE_MAX)
		return stripe_json_bad(err, "data");
	page.has_more = json_is_true(json_object_get(root, "has_more"));
	page.events = arena_alloc(arena, (page.count + 1) * sizeof *page.events);
	page.bodies = arena_alloc(arena, (page.count + 1) * sizeof *page.bodies);
	for (size_t i = 0; page.events && page.bodies && i < page.count; i++) {
		kind = read_event(json_array_get(data, i), arena, &page.events[i], err);
		if (kind)
			return err_while(err, "event %zu of the list", i);
		page.bodies[i] = stripe_json_dump(json_array_get(data, i), arena);
		if (!page.bodies[i])
			page.bodies = NULL;
	}
	if (!page.events || !page.bodies)
		return err_set(err, ERR_REJECT, "too_large", "%zu events do not fit", page.count);
	*ret_page = page;
	return ERR_OK;
}

enum stripe_event_owner stripe_event_owner(const char *type)
{
	static const char *const refund_workers[] = {"refund.", "charge.refunded", "charge.refund.",
						     "charge.dispute."};

	if (str_starts(type, "checkout.session."))
		return STRIPE_EVENT_REAPERS;
	for (size_t i = 0; i < sizeof refund_workers / sizeof *refund_workers; i++)
		if (str_starts(type, refund_workers[i]))
			return STRIPE_EVENT_REFUND_WORKERS;
	return STRIPE_EVENT_NOBODYS;
}

char *stripe_event_encode_reference(const struct stripe_event *event, struct arena *arena)
{
	char created[RFC3339_BYTES];
	json_t *body;
	char *text;

	rfc3339_encode(event->created, created);
	body = json_pack("{s:s,s:s,s:s?,s:I,s:s,s:b}", "eventId", event->id, "type", event->type, "objectId",
			 event->object_id[0] ? event->object_id : NULL, "bookingId",
			 (json_int_t)event->booking_id, "created", created, "livemode", event->is_live);
	if (body && !event->booking_id)
		(void)json_object_set_new(body, "bookingId", json_null());
	text = stripe_json_dump(body, arena);
	json_decref(body);
	return text;
}
