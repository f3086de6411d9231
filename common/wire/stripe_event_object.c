/* stripe_event_object.c: strict decoding of Stripe's events, and the reference to one that goes through our topic. */
#include <string.h>

#include "rfc3339.h"
#include "str.h"
#include "stripe_checkout_object.h"
#include "stripe_json.h"

#define WORD_BYTES_MAX 128

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
	if (json_is_integer(json_object_get(object, "amount"))) {
		const char *currency = json_string_value(json_object_get(object, "currency"));

		if (currency && money_currency_decode(currency, event->amount.currency))
			event->amount.minor = json_integer_value(json_object_get(object, "amount"));
	}
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

/* A page with room for its events. */
static enum err_kind open_page(const json_t *root, struct arena *arena, struct stripe_json_list *ret_list,
			       struct stripe_event_page *ret_page, struct err *err)
{
	struct stripe_event_page page = {0};

	if (stripe_json_list(root, arena, ret_list, err))
		return ERR_REJECT;
	page.has_more = ret_list->has_more;
	page.last_id = ret_list->last_id;
	page.events = arena_alloc(arena, (ret_list->count + 1) * sizeof *page.events);
	page.bodies = arena_alloc(arena, (ret_list->count + 1) * sizeof *page.bodies);
	if (!page.events || !page.bodies)
		return err_set(err, ERR_REJECT, "too_large", "%zu events do not fit", ret_list->count);
	*ret_page = page;
	return ERR_OK;
}

static enum err_kind add_event(const json_t *root, struct arena *arena, struct stripe_event_page *page,
			       struct err *err)
{
	const char *body = stripe_json_dump(root, arena);

	if (read_event(root, arena, &page->events[page->count], err))
		return ERR_REJECT;
	if (!body)
		return err_set(err, ERR_REJECT, "too_large", "the event does not fit");
	page->bodies[page->count++] = body;
	return ERR_OK;
}

enum err_kind stripe_event_page_decode(const char *bytes, size_t len, struct arena *arena,
				       struct stripe_event_page *ret_page, struct err *err)
{
	JSON_SCOPE json_t *root = NULL;
	struct stripe_event_page page;
	struct stripe_json_list list;

	if (stripe_json_parse(bytes, len, &root, err) || open_page(root, arena, &list, &page, err))
		return ERR_REJECT;
	for (size_t i = 0; i < list.count; i++)
		if (add_event(json_array_get(list.data, i), arena, &page, err))
			return err_while(err, "event %zu of the list", i);
	*ret_page = page;
	return ERR_OK;
}

/* NULL: it has no id, or memory is out. */
static json_t *make_event(json_t *object, const struct stripe_event_mould *mould, struct arena *arena)
{
	const char *id = word(json_object_get(object, "id"), arena);
	const char *status = word(json_object_get(object, "status"), arena);
	json_t *created = json_object_get(object, "created");

	if (!id || !created)
		return NULL;
	id = arena_printf(arena, STRIPE_EVENT_MADE "%s_%s", id, status ? status : "");
	return json_pack("{s:s?,s:s,s:s,s:O,s:b,s:{s:O}}", "id", id, "object", "event", "type", mould->type,
			 "created", created, "livemode", mould->is_live, "data", "object", object);
}

enum err_kind stripe_object_page_decode(const char *bytes, size_t len, const struct stripe_event_mould *mould,
					struct arena *arena, struct stripe_event_page *ret_page,
					struct err *err)
{
	JSON_SCOPE json_t *root = NULL;
	struct stripe_event_page page;
	struct stripe_json_list list;

	if (stripe_json_parse(bytes, len, &root, err) || open_page(root, arena, &list, &page, err))
		return ERR_REJECT;
	for (size_t i = 0; i < list.count; i++) {
		JSON_SCOPE json_t *event = make_event(json_array_get(list.data, i), mould, arena);
		struct err why;

		if (event && add_event(event, arena, &page, &why) && str_eq(why.code, "too_large"))
			return err_set(err, ERR_REJECT, "too_large", "object %zu of the list does not fit",
				       i);
	}
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
