/* handler.c: what the worker runtime calls: budget, claim, sweep, perform. */
#include <string.h>

#include "bookings.h"
#include "crash_point.h"
#include "notifier.h"

static int64_t admit_ms(void *context)
{
	struct notifier *notifier = context;

	return breaker_admit_ms(&notifier->breaker);
}

static void unadmit(void *context)
{
	struct notifier *notifier = context;

	breaker_unadmit(&notifier->breaker);
}

static enum err_kind take_claimed(struct job *job, const struct mail *mail, int64_t lease_ends_ms,
				  struct err *err)
{
	struct mail_work *work = arena_alloc(job->arena, sizeof(*work));

	job->label = arena_printf(job->arena, "%lld", (long long)mail->id);
	if (!work || !job->label)
		return err_set(err, ERR_RETRY, "no_memory", "no memory for mail %lld", (long long)mail->id);
	*work = (struct mail_work){.mail = *mail, .lease_ends_ms = lease_ends_ms};
	job->work = work;
	job->booking_id = mail->booking_id;
	return ERR_OK;
}

/* Which events have mails waiting behind them. */
static bool rings(const struct event *event)
{
	switch (event->type) {
	case EVENT_BOOKING_CONFIRMED:
	case EVENT_BOOKING_CANCELLED:
		return true;
	case EVENT_REFUND_CHANGED:
		return event->state && !strcmp(event->state, "failed");
	case EVENT_BOOKING_COMPLETED:
	case EVENT_REFUND_REQUESTED:
	case EVENT_CHECKOUT_CHECK:
	case EVENT_STRIPE:
		return false;
	}
	return false;
}

static enum err_kind claim(void *context, struct pg *db, const struct event *event, struct job *job,
			   struct err *err)
{
	struct notifier *notifier = context;
	int64_t lease_ends_ms = deadline_in_ms(notifier->claim.lease_ms);
	struct mail mail = {0};
	bool known = false;

	if (mails_claim_booking(db, event->booking_id, &notifier->claim, job->arena, &mail, err))
		return err->kind;
	if (mail.id)
		return take_claimed(job, &mail, lease_ends_ms, err);
	if (bookings_is_known(db, event->booking_id, &known, err))
		return err->kind;
	if (!known)
		return err_set(err, ERR_REJECT, "unknown_row", "there is no booking %lld",
			       (long long)event->booking_id);
	return ERR_OK;
}

static enum err_kind sweep(void *context, struct pg *db, struct job *job, struct err *err)
{
	struct notifier *notifier = context;
	int64_t lease_ends_ms = deadline_in_ms(notifier->claim.lease_ms);
	struct mail mail = {0};

	if (mails_sweep(db, &notifier->claim, job->arena, &mail, err))
		return err->kind;
	return mail.id ? take_claimed(job, &mail, lease_ends_ms, err) : ERR_OK;
}

/* The doorbell rings once for a booking's mails: after one is done this slot takes the next that is fresh. False: none, or not now; what
 * is left is found by the sweep. */
static bool take_next(struct notifier *notifier, struct pg_pool *pool, const struct job *job,
		      struct mail_work *work)
{
	int64_t booking_id = work->mail.booking_id;
	struct pg *db = NULL;
	struct err err = {0};

	if (breaker_admit_ms(&notifier->breaker))
		return false;
	*work = (struct mail_work){.lease_ends_ms = deadline_in_ms(notifier->claim.lease_ms)};
	enum err_kind kind = pg_pool_take(pool, MAIL_POOL_WAIT_MS, &db, &err);
	if (!kind)
		kind = mails_claim_booking(db, booking_id, &notifier->claim, job->arena, &work->mail, &err);
	pg_pool_give(pool, db);
	if (!kind && work->mail.id)
		return true;
	breaker_unadmit(&notifier->breaker);
	return false;
}

/* One mail that fails keeps nobody else waiting: the next is taken all the same, and the first failure is what is told. */
static enum err_kind perform(void *context, struct pg_pool *pool, const struct job *job, struct err *err)
{
	struct notifier *notifier = context;
	struct mail_work work = *(const struct mail_work *)job->work;
	struct err first = {0};

	do {
		struct err why = {0};

		CRASH_POINT("mail.after_claim");
		enum err_kind kind = mail_perform(notifier, pool, job->traceparent, &work, &why);
		if (kind && (!first.kind || kind == ERR_FATAL))
			first = why;
	} while (first.kind != ERR_FATAL && take_next(notifier, pool, job, &work));
	if (first.kind)
		*err = first;
	return first.kind;
}

void mail_handler_init(struct worker_handler *handler, struct notifier *notifier)
{
	static const char *const topics[] = {"unbook.bookings", "unbook.refunds", NULL};

	*handler = (struct worker_handler){
		.name = "mail",
		.context = notifier,
		.topics = topics,
		.rings = rings,
		.admit_ms = admit_ms,
		.unadmit = unadmit,
		.claim = claim,
		.sweep = sweep,
		.perform = perform,
	};
}
