/* stripe_event.c: Stripe's refund.*, charge.refunded and charge.dispute.* events: which payment they are about, and what follows. */
#include <string.h>

#include "alarm.h"
#include "refund_event.h"
#include "str.h"

#define POOL_WAIT_MS 5000

static enum err_kind find(struct refund_event *e, struct err *err)
{
	struct pg *db = NULL;
	enum err_kind kind = pg_pool_take(e->db, POOL_WAIT_MS, &db, err);

	if (!kind)
		kind = refund_events_find(db, e->event->payment_intent, e->event->charge_id, e->job->arena,
					  &e->about, err);
	pg_pool_give(e->db, db);
	return kind;
}

static enum err_kind apply(void *context, struct pg_pool *db, const struct job *job,
			   const struct stripe_event *event, const char **ret_note, struct err *err)
{
	struct job about = *job; /* which booking it is about is known only now */
	struct refund_event e = {.worker = context, .db = db, .job = &about, .event = event};

	if (!event->payment_intent && !event->charge_id)
		return err_set(err, ERR_REJECT, "bad_object", "the event names no payment");
	if (find(&e, err))
		return err->kind;
	if (!e.about.found) { /* another product of the same account, or one that reconcile will find */
		*ret_note = "unknown_payment";
		return ERR_OK;
	}
	about.booking_id = e.about.booking_id;
	if (str_starts(event->type, "charge.dispute."))
		return refund_event_dispute(&e, err);
	if (str_eq(event->object_kind, "refund") ? refund_event_refund(&e, err) : refund_event_sum(&e, err))
		return err->kind;
	return refund_event_settle(&e, err);
}

void refund_event_handler_init(struct refund_worker *worker, struct worker_handler *ret_handler)
{
	static const char *const types[] = {"refund.", "charge.refunded", "charge.refund.", "charge.dispute.",
					    NULL};

	worker->inbox = (struct stripe_inbox){.name = "refund_event",
					      .types = types,
					      .settings = &worker->settings->worker,
					      .is_live = stripe_is_live(worker->link.stripe),
					      .context = worker,
					      .apply = apply};
	stripe_inbox_handler_init(&worker->inbox, ret_handler);
}
