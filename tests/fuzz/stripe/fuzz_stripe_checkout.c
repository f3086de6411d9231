/* Any bytes in the place of a Checkout Session, a list of them, an event or a list of events. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stripe_checkout_object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_event(const struct stripe_event *event, struct arena *arena)
{
	if (!event->id || !event->type || !event->object_kind || !event->object_id || event->booking_id < 0)
		abort();
	(void)stripe_event_owner(event->type);
	if (stripe_event_encode_reference(event, arena) == NULL && arena->used_bytes < arena->max_bytes / 2)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct stripe_event_mould mould = {"refund.updated", false};
	const char *bytes = (const char *)data;
	struct stripe_checkout_page checkouts;
	struct stripe_event_page events;
	struct stripe_event event;
	struct checkout checkout;
	struct arena arena;

	arena_init(&arena, 4 << 20);
	if (stripe_checkout_decode(bytes, size, &checkout, NULL) == ERR_OK) {
		if (!checkout_id_is_valid(checkout.id) || checkout.amount.minor < 0
		    || checkout.booking_id < 0)
			abort();
		if (checkout_prove(&checkout) == CHECKOUT_PROVES_PAID && !checkout.payment_intent[0])
			abort();
	}
	if (stripe_checkout_page_decode(bytes, size, &arena, &checkouts, NULL) == ERR_OK)
		for (size_t i = 0; i < checkouts.count; i++)
			if (!checkout_id_is_valid(checkouts.checkouts[i].id))
				abort();
	if (stripe_event_decode(bytes, size, &arena, &event, NULL) == ERR_OK)
		check_event(&event, &arena);
	if (stripe_event_page_decode(bytes, size, &arena, &events, NULL) == ERR_OK)
		for (size_t i = 0; i < events.count; i++)
			check_event(&events.events[i], &arena);
	if (stripe_object_page_decode(bytes, size, &mould, &arena, &events, NULL) == ERR_OK)
		for (size_t i = 0; i < events.count; i++)
			check_event(&events.events[i], &arena);
	arena_release(&arena);
	return 0;
}
