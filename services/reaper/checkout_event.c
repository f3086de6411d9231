/* checkout_event.c: Stripe's checkout.session.* events. A record only names an event: what is believed are the verified bytes in
 * stripe_events, and of these only what is for ever; the rest is read again at Stripe. */
#include <string.h>

#include "alarm.h"
#include "checkouts.h"
#include "crash_point.h"
#include "dead_letters.h"
#include "reaper.h"
#include "str.h"
#include "stripe_checkout.h"

#define POOL_WAIT_MS 5000

/* One event on its way. note: why there was nothing to do. */
struct applying {
	struct reaper *reaper;
	struct pg_pool *db;
	const struct job *job;
	const struct stripe_event *event;
	struct checkout checkout;
	struct booking booking; /* id 0: none of ours */
	const char *note;
};

/* Somebody paid, or did not, for something that is not here. */
static enum err_kind bury(struct applying *a, struct err *err)
{
	struct pg *db = NULL;
	bool is_new = false;
	enum err_kind kind = pg_pool_take(a->db, POOL_WAIT_MS, &db, err);

	if (!kind)
		kind = dead_letters_record_stripe(db, a->event->id, a->note, &is_new, err);
	pg_pool_give(a->db, db);
	if (is_new)
		alarm_raise(a->job, "unknown_checkout", a->checkout.id);
	return kind;
}

/* Whose booking: by the checkout's id; by our marks only when they are of this database. */
static enum err_kind find_booking(struct applying *a, struct err *err)
{
	bool is_ours = str_eq(a->checkout.instance_id, a->reaper->link.instance_id);
	struct pg *db = NULL;
	enum err_kind kind = pg_pool_take(a->db, POOL_WAIT_MS, &db, err);

	if (!kind)
		kind = checkouts_find_booking(db, a->checkout.id, is_ours ? a->checkout.booking_id : 0,
					      a->job->arena, &a->booking, err);
	pg_pool_give(a->db, db);
	if (kind || a->booking.id)
		return kind;
	a->note = a->checkout.instance_id[0] && !is_ours ? "not_ours" : "unknown_checkout";
	return str_eq(a->note, "not_ours") ? ERR_OK : bury(a, err);
}

/* A booking that does not know its checkout learns it (F28). */
static enum err_kind remember(struct applying *a, struct err *err)
{
	enum booking_status status;
	struct pg *db = NULL;
	bool is_its;
	enum err_kind kind;

	if (a->booking.stripe_session_id)
		return ERR_OK;
	kind = pg_pool_take(a->db, POOL_WAIT_MS, &db, err);
	if (!kind)
		kind = checkouts_record_made(db, a->booking.id, a->checkout.id, a->checkout.url, &status,
					     &is_its, err);
	pg_pool_give(a->db, db);
	return kind;
}

/* The snapshot may be old: what is not for ever is read again. A delayed method that failed leaves no other trace than its event. */
static enum err_kind prove(struct applying *a, enum checkout_proof *ret_proof, struct err *err)
{
	bool has_failed = str_eq(a->event->type, "checkout.session.async_payment_failed");
	struct stripe_answer answer;
	enum checkout_proof proof = checkout_prove(&a->checkout);
	enum err_kind kind;

	if (proof == CHECKOUT_PROVES_NOTHING || proof == CHECKOUT_PROVES_WAIT
	    || proof == CHECKOUT_PROVES_FAILED) {
		kind = stripe_get_checkout(a->reaper->link.stripe, a->checkout.id, &a->checkout, &answer,
					   err);
		reaper_note(a->reaper, &answer, "get_checkout");
		if (kind)
			return kind;
		proof = checkout_prove(&a->checkout);
	}
	*ret_proof = proof == CHECKOUT_PROVES_WAIT && has_failed ? CHECKOUT_PROVES_FAILED : proof;
	return ERR_OK;
}

static enum err_kind act_by_proof(struct applying *a, struct err *err)
{
	const struct act act = {.reaper = a->reaper,
				.db = a->db,
				.job = a->job,
				.actor = "stripe",
				.booking_id = a->booking.id,
				.checkout = &a->checkout};
	enum checkout_proof proof;

	if (prove(a, &proof, err) || remember(a, err))
		return err->kind;
	CRASH_POINT("event.before_record");
	if (act_on(&act, proof, err))
		return err->kind;
	CRASH_POINT("event.after_record");
	return ERR_OK;
}

static enum err_kind apply(void *context, struct pg_pool *db, const struct job *job,
			   const struct stripe_event *event, const char **ret_note, struct err *err)
{
	struct applying a = {.reaper = context, .db = db, .job = job, .event = event};
	enum err_kind kind = stripe_checkout_decode(event->object, strlen(event->object), &a.checkout, err);

	if (!kind)
		kind = find_booking(&a, err);
	if (!kind && a.booking.id)
		kind = act_by_proof(&a, err);
	*ret_note = a.note;
	return kind;
}

void checkout_event_handler_init(struct reaper *reaper, struct worker_handler *ret_handler)
{
	static const char *const types[] = {"checkout.session.", NULL};

	reaper->inbox = (struct stripe_inbox){.name = "checkout_event",
					      .types = types,
					      .settings = &reaper->settings->worker,
					      .is_live = stripe_is_live(reaper->link.stripe),
					      .context = reaper,
					      .apply = apply};
	stripe_inbox_handler_init(&reaper->inbox, ret_handler);
}
