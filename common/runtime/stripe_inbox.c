#include "stripe_inbox.h"

#include "alarm.h"
#include "backoff.h"
#include "crash_point.h"
#include "dead_letters.h"
#include "id.h"
#include "stripe_events.h"

#define POOL_WAIT_MS      5000
#define RETRY_WAIT_MAX_MS 60000

static void take(struct job *job, struct stripe_event_claim *claim)
{
	if (!claim)
		return;
	job->work = claim;
	job->label = claim->id;
	CRASH_POINT("event.after_claim");
}

static struct stripe_event_lease lease_of(const struct stripe_inbox *inbox, const struct job *job)
{
	return (struct stripe_event_lease){inbox->settings->lease_ms, inbox->types, job->arena};
}

static bool rings(const struct event *event)
{
	return event->type == EVENT_STRIPE;
}

static enum err_kind claim(void *context, struct pg *db, const struct event *event, struct job *job,
			   struct err *err)
{
	const struct stripe_event_lease lease = lease_of(context, job);
	struct stripe_event_claim *claimed = NULL;

	if (stripe_events_claim(db, &lease, event->stripe_event_id, &claimed, err))
		return err->kind;
	take(job, claimed);
	return ERR_OK;
}

static enum err_kind sweep(void *context, struct pg *db, struct job *job, struct err *err)
{
	const struct stripe_event_lease lease = lease_of(context, job);
	struct stripe_event_claim *claimed = NULL;

	if (stripe_events_claim_due(db, &lease, &claimed, err))
		return err->kind;
	take(job, claimed);
	return ERR_OK;
}

static enum err_kind decode(const struct stripe_inbox *inbox, const struct job *job,
			    struct stripe_event *ret_event, struct err *err)
{
	const struct stripe_event_claim *claimed = job->work;

	if (!claimed->payload)
		return err_set(err, ERR_REJECT, "purged", "the event's bytes are gone");
	if (stripe_event_decode(claimed->payload, claimed->payload_len, job->arena, ret_event, err))
		return err->kind;
	if (!ret_event->object)
		return err_set(err, ERR_REJECT, "bad_object", "the event has no object");
	if (ret_event->is_live != inbox->is_live)
		return err_set(err, ERR_REJECT, "wrong_mode", "the event is of the other mode");
	return ERR_OK;
}

/* why: what came of it. note: of an event that was applied. One that never can be is kept for a person first. */
static enum err_kind write_down(const struct stripe_inbox *inbox, struct pg *db, const struct job *job,
				const struct err *why, const char *note, struct err *err)
{
	const struct stripe_event_claim *claimed = job->work;
	int64_t max_ms = inbox->settings->backoff_max_ms;
	const struct backoff backoff = {inbox->settings->backoff_min_ms,
					max_ms < RETRY_WAIT_MAX_MS ? max_ms : RETRY_WAIT_MAX_MS};
	bool is_new;

	if (why->kind == ERR_RETRY || why->kind == ERR_UNSURE)
		return stripe_events_record_retry(
			db, claimed, why->code, backoff_next_ms(&backoff, claimed->failures, 0, id_random()),
			err);
	if (why->kind == ERR_REJECT && dead_letters_record_stripe(db, claimed->id, why->code, &is_new, err))
		return err->kind;
	return stripe_events_record_applied(db, claimed, why->kind ? why->code : note, err);
}

static enum err_kind perform(void *context, struct pg_pool *pool, const struct job *job, struct err *err)
{
	const struct stripe_inbox *inbox = context;
	struct stripe_event event;
	const char *note = NULL;
	struct pg *db = NULL;
	struct err why = {0};
	enum err_kind kind = decode(inbox, job, &event, &why), recorded;

	if (!kind)
		kind = inbox->apply(inbox->context, pool, job, &event, &note, &why);
	if (kind == ERR_REJECT)
		alarm_raise(job, "bad_stripe_event", why.code);
	why.kind = kind;
	CRASH_POINT("event.before_applied");
	recorded = pg_pool_take(pool, POOL_WAIT_MS, &db, err);
	if (!recorded)
		recorded = write_down(inbox, db, job, &why, note, err);
	pg_pool_give(pool, db);
	if (!kind) /* unrecorded, it is applied once more: that changes nothing */
		return recorded;
	*err = why;
	return kind;
}

void stripe_inbox_handler_init(struct stripe_inbox *inbox, struct worker_handler *ret_handler)
{
	static const char *const topics[] = {"stripe.events", NULL};

	*ret_handler = (struct worker_handler){.name = inbox->name,
					       .context = inbox,
					       .topics = topics,
					       .rings = rings,
					       .claim = claim,
					       .sweep = sweep,
					       .perform = perform};
}
