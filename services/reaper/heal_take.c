/* heal_take.c: what of a page has no row here, taken in as the event that would have told of it. */
#include <string.h>

#include "alarm.h"
#include "dead_letters.h"
#include "healing.h"
#include "log.h"
#include "str.h"
#include "stripe_events.h"
#include "stripe_intake.h"

#define POOL_WAIT_MS 5000

typedef enum err_kind find_missing(struct pg *db, struct heal_candidate *candidates, size_t count,
				   struct err *err);

static bool is_dispute(const struct healing *h)
{
	return h->claim->pass == HEAL_DISPUTES || h->claim->pass == HEAL_ALL_DISPUTES;
}

/* place: in page. */
static enum err_kind take_in(struct healing *h, struct pg *db, const struct stripe_event_page *page,
			     size_t place, struct err *err)
{
	const struct stripe_event *event = &page->events[place];
	const struct stripe_intake intake = {.event = event,
					     .body = page->bodies[place],
					     .body_len = strlen(page->bodies[place]),
					     .instance_id = h->reaper->link.instance_id,
					     .traceparent = h->job->traceparent,
					     .doorbell_ms = h->reaper->settings->worker.doorbell_ms,
					     .arena = &h->arena};
	bool is_new = false;

	if (event->is_live != stripe_is_live(h->reaper->link.stripe))
		return ERR_OK;
	if (stripe_intake_take(db, &intake, &is_new, err))
		return err->kind;
	/* A dispute that is lost, won and lost again is told of by the same event twice. */
	if (!is_new && is_dispute(h) && stripe_events_reopen(db, event->id, &is_new, err))
		return err->kind;
	if (!is_new)
		return ERR_OK;
	h->healed++;
	LOG(LOG_WARN, "no webhook told of it", LOG_S("event", event->id), LOG_S("type", event->type),
	    LOG_S("object", event->object_id));
	return ERR_OK;
}

/* As take_in, of an object: unless an event has told of it that its owner has not come to yet. */
static enum err_kind take_in_object(struct healing *h, struct pg *db, const struct stripe_event_page *page,
				    size_t place, struct err *err)
{
	bool is_told = false;

	if (stripe_events_has_open(db, page->events[place].object_id, &is_told, err))
		return err->kind;
	return is_told ? ERR_OK : take_in(h, db, page, place, err);
}

static enum err_kind heal_events(struct healing *h, struct err *err)
{
	struct pg *db = NULL;
	enum err_kind kind = pg_pool_take(h->db, POOL_WAIT_MS, &db, err);

	for (size_t i = 0; !kind && i < h->page.count; i++)
		kind = take_in(h, db, &h->page, i, err);
	pg_pool_give(h->db, db);
	return kind;
}

static enum err_kind heal_objects(struct healing *h, find_missing *find, struct err *err)
{
	struct heal_candidate candidates[HEAL_CANDIDATES_MAX];
	struct pg *db = NULL;
	enum err_kind kind;

	for (size_t i = 0; i < h->page.count; i++) {
		const struct stripe_event *event = &h->page.events[i];

		candidates[i] = (struct heal_candidate){event->object_id, event->status,
							event->payment_intent, event->charge_id, false};
	}
	kind = pg_pool_take(h->db, POOL_WAIT_MS, &db, err);
	if (!kind)
		kind = find(db, candidates, h->page.count, err);
	for (size_t i = 0; !kind && i < h->page.count; i++)
		if (candidates[i].is_missing)
			kind = take_in_object(h, db, &h->page, i, err);
	pg_pool_give(h->db, db);
	return kind;
}

/* Captured for a booking of ours. */
static bool is_our_payment(const struct healing *h, const struct stripe_event *payment)
{
	return payment->status && str_eq(payment->status, "succeeded") && payment->booking_id
	       && payment->instance_id && str_eq(payment->instance_id, h->reaper->link.instance_id);
}

static enum err_kind find_missing_payments(struct healing *h, struct heal_candidate *candidates,
					   int *ret_count, struct err *err)
{
	struct pg *db = NULL;
	int count = 0;
	enum err_kind kind;

	for (size_t i = 0; i < h->page.count; i++)
		if (is_our_payment(h, &h->page.events[i]))
			candidates[count++] = (struct heal_candidate){.id = h->page.events[i].object_id};
	kind = pg_pool_take(h->db, POOL_WAIT_MS, &db, err);
	if (!kind)
		kind = heals_find_missing_payments(db, candidates, (size_t)count, err);
	pg_pool_give(h->db, db);
	*ret_count = count;
	return kind;
}

/* A payment is told of by the checkout that took it. One that came another way belongs to nothing here. */
static enum err_kind heal_payment(struct healing *h, const char *payment_intent, struct err *err)
{
	const struct stripe_events_query query = {.source = STRIPE_CHECKOUTS,
						  .from = INSTANT_NONE,
						  .until = INSTANT_NONE,
						  .payment_intent = payment_intent};
	struct stripe_event_page checkouts;
	struct pg *db = NULL;
	bool is_new = false;
	enum err_kind kind;

	if (healing_list(h, &query, &checkouts, err))
		return err->kind;
	kind = pg_pool_take(h->db, POOL_WAIT_MS, &db, err);
	if (!kind && checkouts.count)
		kind = take_in_object(h, db, &checkouts, 0, err);
	else if (!kind)
		kind = dead_letters_record_stripe(db, payment_intent, "unknown_payment", &is_new, err);
	pg_pool_give(h->db, db);
	if (is_new)
		alarm_raise(h->job, "unknown_payment", payment_intent);
	return kind;
}

static enum err_kind heal_payments(struct healing *h, struct err *err)
{
	struct heal_candidate candidates[HEAL_CANDIDATES_MAX];
	int count = 0;
	enum err_kind kind = find_missing_payments(h, candidates, &count, err);

	for (int i = 0; !kind && i < count; i++)
		if (candidates[i].is_missing)
			kind = heal_payment(h, candidates[i].id, err);
	return kind;
}

enum err_kind healing_take_page(struct healing *h, struct err *err)
{
	switch (h->claim->pass) {
	case HEAL_EVENTS:
		return heal_events(h, err);
	case HEAL_PAYMENTS:
	case HEAL_ALL_PAYMENTS:
		return heal_payments(h, err);
	case HEAL_REFUNDS:
	case HEAL_ALL_REFUNDS:
		return heal_objects(h, heals_find_missing_refunds, err);
	case HEAL_DISPUTES:
	case HEAL_ALL_DISPUTES:
		return heal_objects(h, heals_find_missing_disputes, err);
	}
	return ERR_OK;
}
