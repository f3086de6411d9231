/* hold.c: one booking whose checkout must be looked at, from claimed to recorded. Stripe is the referee: what is paid is settled, what
 * Stripe has expired is released, and a timer proves nothing (design.md section 7, Reap). */
#include "hold.h"
#include "alarm.h"
#include "backoff.h"
#include "checkouts.h"
#include "crash_point.h"
#include "id.h"
#include "reaper.h"
#include "stripe_checkout.h"

#define POOL_WAIT_MS      5000
#define RETRY_WAIT_MAX_MS 60000 /* a slot waits for it */

static void take(struct job *job, struct checkout_claim *claim)
{
	if (!claim)
		return;
	job->work = claim;
	job->booking_id = claim->booking.id;
	job->label = claim->booking.stripe_session_id ? claim->booking.stripe_session_id : "no checkout yet";
	CRASH_POINT("reap.after_claim");
}

static bool rings(const struct event *event)
{
	return event->type == EVENT_CHECKOUT_CHECK;
}

static enum err_kind claim(void *context, struct pg *db, const struct event *event, struct job *job,
			   struct err *err)
{
	const struct reaper *reaper = context;
	const struct checkout_lease lease = {reaper->settings->worker.lease_ms, job->arena};
	struct checkout_claim *claimed = NULL;

	if (checkouts_claim_booking(db, &lease, event->booking_id, &claimed, err))
		return err->kind;
	take(job, claimed);
	return ERR_OK;
}

static enum err_kind sweep(void *context, struct pg *db, struct job *job, struct err *err)
{
	const struct reaper *reaper = context;
	const struct checkout_lease lease = {reaper->settings->worker.lease_ms, job->arena};
	struct checkout_claim *claimed = NULL;

	if (checkouts_claim_due(db, &lease, &claimed, err))
		return err->kind;
	take(job, claimed);
	return ERR_OK;
}

/* Until the next look. What waits for somebody's bank is asked less and less often. */
static int64_t wait_ms(const struct hold *hold, const struct booking *booking)
{
	const struct worker_settings *settings = &hold->reaper->settings->worker;
	struct backoff backoff = {settings->backoff_min_ms, settings->backoff_max_ms};
	int64_t left_us = booking->hold_expires_at.us - hold->claim->now.us;

	switch (hold->found) {
	case HOLD_STILL_ON:
		return left_us > 0 ? left_us / 1000 + 1 : 1;
	case HOLD_AWAITED:
		return backoff_next_ms(&backoff, hold->claim->attempts, 0, id_random());
	case HOLD_UNKNOWN:
	case HOLD_SEEN:
	case HOLD_NEVER_MADE:
		break;
	}
	if (hold->answer.refund_answer != REFUND_ANSWER_REFUSED && backoff.max_ms > RETRY_WAIT_MAX_MS)
		backoff.max_ms = RETRY_WAIT_MAX_MS;
	return backoff_next_ms(&backoff, hold->claim->failures, hold->answer.retry_after_ms, id_random());
}

static enum err_kind record_wait(const struct hold *hold, const char *error, struct err *err)
{
	int64_t wait = wait_ms(hold, &hold->claim->booking);
	struct pg *db = NULL;
	enum err_kind kind = pg_pool_take(hold->db, POOL_WAIT_MS, &db, err);

	if (!kind)
		kind = checkouts_record_wait(db, hold->claim, error, wait, err);
	pg_pool_give(hold->db, db);
	return kind;
}

/* Whatever the booking is by now: its checkout cannot be paid any more. Writes nothing for a Pending one, nor over what act_on() wrote. */
static enum err_kind record_closed(const struct hold *hold, struct err *err)
{
	struct pg *db = NULL;
	enum err_kind kind = pg_pool_take(hold->db, POOL_WAIT_MS, &db, err);

	if (!kind)
		kind = checkouts_record_closed(db, hold->claim, err);
	pg_pool_give(hold->db, db);
	return kind;
}

static enum err_kind conclude(const struct hold *hold, const struct job *job, struct err *err)
{
	const struct act act = {.reaper = hold->reaper,
				.db = hold->db,
				.job = job,
				.actor = UNBOOK_SERVICE,
				.booking_id = hold->claim->booking.id,
				.checkout = &hold->checkout};

	return act_on(&act, checkout_prove(&hold->checkout), err);
}

static enum err_kind act(const struct hold *hold, const struct job *job, struct err *err)
{
	CRASH_POINT("reap.before_record");
	if (conclude(hold, job, err))
		return err->kind;
	CRASH_POINT("reap.after_record");
	return record_closed(hold, err);
}

/* What was found out, into the tables. why: of a HOLD_UNKNOWN. */
static enum err_kind record(struct hold *hold, const struct job *job, const struct err *why, struct err *err)
{
	switch (hold->found) {
	case HOLD_SEEN:
		return act(hold, job, err);
	case HOLD_NEVER_MADE:
		if (hold_release_unmade(hold, job, err))
			return err->kind;
		return record_closed(hold, err);
	case HOLD_AWAITED:
		if (conclude(hold, job, err))
			return err->kind;
		return record_wait(hold, NULL, err);
	case HOLD_STILL_ON:
		return record_wait(hold, NULL, err);
	case HOLD_UNKNOWN:
		if (record_wait(hold, why->code, err))
			return err->kind;
		*err = *why; /* for the job's log line */
		return why->kind;
	}
	return ERR_OK;
}

static enum err_kind perform(void *context, struct pg_pool *db, const struct job *job, struct err *err)
{
	struct hold hold = {.reaper = context, .db = db, .claim = job->work, .found = HOLD_UNKNOWN};
	struct err why = {0};
	enum err_kind kind = hold_look(&hold, job, &why);

	if (!hold.calls) /* the breaker waits for no word of ours */
		breaker_unadmit(&hold.reaper->breaker);
	if (kind)
		hold.found = HOLD_UNKNOWN;
	if (kind == ERR_REJECT)
		alarm_raise(job, "checkout_refused", why.code);
	return record(&hold, job, &why, err);
}

void hold_handler_init(struct reaper *reaper, struct worker_handler *ret_handler)
{
	static const char *const topics[] = {"unbook.checkouts", NULL};

	*ret_handler = (struct worker_handler){.name = "checkout",
					       .context = reaper,
					       .topics = topics,
					       .rings = rings,
					       .admit_ms = reaper_admit_ms,
					       .unadmit = reaper_unadmit,
					       .claim = claim,
					       .sweep = sweep,
					       .perform = perform};
}
