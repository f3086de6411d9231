/* stripe_checkout_object.h: Stripe's Checkout Sessions and events to our structs; strict and blind as stripe_object.h is.
 * Every refusal is ERR_REJECT: too_large, not_json, bad_object (msg names the field). Pure. */
#ifndef STRIPE_CHECKOUT_OBJECT_H
#define STRIPE_CHECKOUT_OBJECT_H

#include "arena.h"
#include "checkout.h"
#include "stripe_object.h"

enum err_kind stripe_checkout_decode(const char *bytes, size_t len, struct checkout *ret_checkout,
				     struct err *err) MUST_CHECK;

struct stripe_checkout_page {
	struct checkout *checkouts; /* in the arena */
	size_t count;
	bool has_more;
	const char *last_id; /* where the next page begins; NULL: the page is empty */
};
enum err_kind stripe_checkout_page_decode(const char *bytes, size_t len, struct arena *arena,
					  struct stripe_checkout_page *ret_page, struct err *err) MUST_CHECK;

/* An event, verified or from Stripe's own list. Texts in the arena. */
struct stripe_event {
	const char *id;   /* evt_... */
	const char *type; /* "checkout.session.completed" */
	struct instant created;
	bool is_live;
	const char *object_kind; /* "checkout.session", "refund", "charge", "dispute"; "" if it has none */
	const char *object_id;   /* "" if it has none */
	const char *object;      /* data.object again as JSON, for the decoder of its kind; NULL if absent */
	const char *payment_intent; /* of the object, NULL when it has none */
	const char *charge_id;   /* a charge's own id, or the charge that the object is about; NULL: none */
	const char *status;      /* of the object, NULL: none */
	struct money amount;     /* of the object; without a currency: none */
	int64_t booking_id;      /* out of our metadata; 0: none */
	const char *instance_id; /* out of our metadata; NULL: not ours */
};
enum err_kind stripe_event_decode(const char *bytes, size_t len, struct arena *arena,
				  struct stripe_event *ret_event, struct err *err) MUST_CHECK;

struct stripe_event_page {
	struct stripe_event *events;
	const char **bodies; /* each event again as JSON: what stripe_events keeps as its payload */
	size_t count;
	bool has_more;
	const char
		*last_id; /* of the list's last object: where the next page begins; NULL: the page is empty */
};
enum err_kind stripe_event_page_decode(const char *bytes, size_t len, struct arena *arena,
				       struct stripe_event_page *ret_page, struct err *err) MUST_CHECK;

/* One page of a list of objects, each as the event that would tell of it: of that type, created when the object was, under an id that is
 * made of object and status (STRIPE_EVENT_MADE), so that the same news is the same event. A list of a whole account holds other people's
 * objects too: what does not read is left out. */
struct stripe_event_mould {
	const char *type;
	bool is_live; /* not all objects tell */
};
#define STRIPE_EVENT_MADE "evt_unbook_"
enum err_kind stripe_object_page_decode(const char *bytes, size_t len, const struct stripe_event_mould *mould,
					struct arena *arena, struct stripe_event_page *ret_page,
					struct err *err) MUST_CHECK;

/* Who acts on events of this type (design.md section 2: each has one owner). */
enum stripe_event_owner { STRIPE_EVENT_NOBODYS, STRIPE_EVENT_REAPERS, STRIPE_EVENT_REFUND_WORKERS };
enum stripe_event_owner stripe_event_owner(const char *type);

/* The body of a record in `stripe.events`, in the arena; NULL only when the arena is full. Ids only, no payload. */
char *stripe_event_encode_reference(const struct stripe_event *event, struct arena *arena) MUST_CHECK;

#endif
