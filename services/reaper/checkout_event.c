/* checkout_event.c: Stripe's checkout.session.* events. A record only names an event: what is believed are the verified bytes in
 * stripe_events, and of these only what is for ever; the rest is read again at Stripe. */
#include <string.h>

#include "backoff.h"
#include "checkouts.h"
#include "crash_point.h"
#include "id.h"
#include "reaper.h"
#include "str.h"
#include "stripe_checkout.h"
#include "stripe_events.h"

#define POOL_WAIT_MS      5000
#define RETRY_WAIT_MAX_MS 60000

static const char *const types[] = {"checkout.session.", NULL};

static void take(struct job *job, struct stripe_event_claim *claim)
{
	if (!claim)
		return;
	job->work = claim;
	job->label = claim->id;
	CRASH_POINT("event.after_claim");
}

static enum err_kind claim(void *context, struct pg *db, const struct event *event, struct job *job,
			   struct err *err)
{
	const struct reaper *reaper = context;
	const struct stripe_event_lease lease = {reaper->settings->worker.lease_ms, types, job->arena};
	struct stripe_event_claim *claimed = NULL;

	if (event->type != EVENT_STRIPE)
		return ERR_OK;
	if (stripe_events_claim(db, &lease, event->stripe_event_id, &claimed, err))
		return err->kind;
	take(job, claimed);
	return ERR_OK;
}

static enum err_kind sweep(void *context, struct pg *db, struct job *job, struct err *err)
{
	const struct reaper *reaper = context;
	const struct stripe_event_lease lease = {reaper->settings->worker.lease_ms, types, job->arena};
	struct stripe_event_claim *claimed = NULL;

	if (stripe_events_claim_due(db, &lease, &claimed, err))
		return err->kind;
	take(job, claimed);
	return ERR_OK;
}

/* One event on its way. note: why there was nothing to do. */
struct applying {
	struct reaper *reaper;
	struct pg_pool *db;
	const struct job *job;
	const struct stripe_event_claim *claim;
	struct stripe_event event;
	struct checkout checkout;
	struct booking booking; /* id 0: none of ours */
	const char *note;
};

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
	if (!str_eq(a->note, "not_ours"))
		reaper_alarm(a->job, "unknown_checkout", a->checkout.id);
	return ERR_OK;
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
	bool has_failed = str_eq(a->event.type, "checkout.session.async_payment_failed");
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

static enum err_kind decode(struct applying *a, struct err *err)
{
	if (!a->claim->payload)
		return err_set(err, ERR_REJECT, "purged", "the event's bytes are gone");
	if (stripe_event_decode(a->claim->payload, a->claim->payload_len, a->job->arena, &a->event, err))
		return err->kind;
	if (!a->event.object)
		return err_set(err, ERR_REJECT, "bad_object", "the event has no object");
	if (stripe_checkout_decode(a->event.object, strlen(a->event.object), &a->checkout, err))
		return err->kind;
	if (a->checkout.is_live != stripe_is_live(a->reaper->link.stripe))
		return err_set(err, ERR_REJECT, "wrong_mode", "the event is of the other mode");
	return ERR_OK;
}

static enum err_kind apply(struct applying *a, struct err *err)
{
	struct act act = {
		.reaper = a->reaper, .db = a->db, .job = a->job, .actor = "stripe", .checkout = &a->checkout};
	enum checkout_proof proof;

	if (decode(a, err) || find_booking(a, err))
		return err->kind;
	if (!a->booking.id)
		return ERR_OK;
	act.booking_id = a->booking.id;
	if (prove(a, &proof, err) || remember(a, err))
		return err->kind;
	CRASH_POINT("event.before_record");
	if (act_on(&act, proof, err))
		return err->kind;
	CRASH_POINT("event.after_record");
	return ERR_OK;
}

/* kind, err: what came of it; returned again for the job's log line. */
static enum err_kind record(const struct applying *a, enum err_kind kind, struct err *err)
{
	const struct worker_settings *settings = &a->reaper->settings->worker;
	const struct backoff backoff = {settings->backoff_min_ms, settings->backoff_max_ms < RETRY_WAIT_MAX_MS
									  ? settings->backoff_max_ms
									  : RETRY_WAIT_MAX_MS};
	struct err why = {0};
	struct pg *db = NULL;
	enum err_kind recorded = pg_pool_take(a->db, POOL_WAIT_MS, &db, &why);

	if (!recorded && (kind == ERR_RETRY || kind == ERR_UNSURE))
		recorded = stripe_events_record_retry(
			db, a->claim, err->code,
			backoff_next_ms(&backoff, a->claim->failures, 0, id_random()), &why);
	else if (!recorded)
		recorded = stripe_events_record_applied(db, a->claim, kind ? err->code : a->note, &why);
	pg_pool_give(a->db, db);
	if (kind || !recorded)
		return kind;
	*err = why; /* done, and the event is applied once more: that changes nothing */
	return recorded;
}

static enum err_kind perform(void *context, struct pg_pool *db, const struct job *job, struct err *err)
{
	struct applying a = {.reaper = context, .db = db, .job = job, .claim = job->work};
	enum err_kind kind = apply(&a, err);

	if (kind == ERR_REJECT)
		reaper_alarm(job, "bad_stripe_event", err->code);
	return kind == ERR_FATAL ? kind : record(&a, kind, err);
}

void checkout_event_handler_init(struct reaper *reaper, struct worker_handler *ret_handler)
{
	static const char *const topics[] = {"stripe.events", NULL};

	*ret_handler = (struct worker_handler){.name = "checkout_event",
					       .context = reaper,
					       .topics = topics,
					       .claim = claim,
					       .sweep = sweep,
					       .perform = perform};
}
