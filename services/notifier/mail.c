#include <stdio.h>
#include <string.h>
#include <time.h>

#include "crash_point.h"
#include "id.h"
#include "log.h"
#include "metrics.h"
#include "notifier.h"

#define POOL_WAIT_MS	5000
#define RECORD_PAUSE_MS 200

/* A claimed mail. The lease is counted on this machine's clock from before the claim, so it ends here no later than in the table. */
struct mail_work {
	struct mail mail;
	int64_t lease_ends_ms;
};

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
	return ERR_OK;
}

/* Which events have mails waiting behind them. */
static bool event_rings(const struct event *event)
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

	if (!event_rings(event))
		return ERR_OK;
	if (mails_claim_booking(db, event->booking_id, &notifier->claim, job->arena, &mail, err))
		return err->kind;
	if (mail.id)
		return take_claimed(job, &mail, lease_ends_ms, err);
	if (mails_booking_is_known(db, event->booking_id, &known, err))
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

static enum err_kind find_facts(struct pg_pool *pool, const struct mail *mail, struct arena *arena,
				struct mail_facts *ret_facts, struct err *err)
{
	struct pg *db = NULL;

	if (pg_pool_take(pool, POOL_WAIT_MS, &db, err))
		return err->kind;
	enum err_kind kind = mails_find_facts(db, mail, arena, ret_facts, err);
	pg_pool_give(pool, db);
	return kind;
}

/* The message, or why there is none: LATER when it may pass, BAD when it never will. ACCEPTED stands for "go on". */
static enum mail_result write_mail(struct notifier *notifier, struct pg_pool *pool, const struct job *job,
				   const struct mail *mail, struct smtp_message *ret_message, struct err *err)
{
	struct instant now = clock_system()->now(clock_system());
	struct mail_facts facts;
	enum err_kind kind = find_facts(pool, mail, job->arena, &facts, err);

	if (!kind)
		kind = compose_mail(notifier->templates, &notifier->sender, mail, &facts, now, job->arena,
				    ret_message, err);
	if (!kind)
		return MAIL_RESULT_ACCEPTED;
	return kind == ERR_REJECT ? MAIL_RESULT_BAD : MAIL_RESULT_LATER;
}

static enum mail_result send_mail(struct notifier *notifier, struct pg_pool *pool, const struct job *job,
				  const struct mail_work *work, int *ret_reply, struct err *err)
{
	struct smtp_message message;

	if (work->mail.state == MAIL_SENDING) {
		err_set(err, ERR_UNSURE, "lease_expired", "an earlier attempt ended without a word");
		return MAIL_RESULT_LOST;
	}
	enum mail_result result = write_mail(notifier, pool, job, &work->mail, &message, err);
	if (result != MAIL_RESULT_ACCEPTED)
		return result;
	if (deadline_left_ms(work->lease_ends_ms) == 0) {
		err_set(err, ERR_RETRY, "lease_expired",
			"this process stood still for longer than its lease");
		return MAIL_RESULT_LATER;
	}
	CRASH_POINT("mail.before_send");
	enum err_kind kind = smtp_send(notifier->smtp, &message, &result, ret_reply, err);
	CRASH_POINT("mail.after_send");
	if (kind == ERR_OK || *ret_reply)
		breaker_succeeded(&notifier->breaker);
	else
		breaker_failed(&notifier->breaker);
	return result;
}

static int64_t wait_ms_for(const struct notifier *notifier, const struct mail *mail,
			   const struct mail_change *change)
{
	if (change->wait_ms)
		return change->wait_ms;
	return backoff_next_ms(&notifier->backoff, mail->failures, 0, id_random());
}

/* What became of a mail is known nowhere else, so this waits for PostgreSQL as long as the lease lasts. */
static enum err_kind record(struct pg_pool *pool, const struct mail_work *work,
			    const struct mail_outcome *outcome, struct err *err)
{
	enum err_kind kind = ERR_RETRY;

	for (;;) {
		struct pg *db = NULL;
		bool recorded = false;

		kind = pg_pool_take(pool, POOL_WAIT_MS, &db, err);
		if (!kind)
			kind = mails_record(db, &work->mail, outcome, &recorded, err);
		pg_pool_give(pool, db);
		if (!kind && !recorded)
			return err_set(err, ERR_RETRY, "lease_lost", "somebody else holds mail %lld now",
				       (long long)work->mail.id);
		if (kind != ERR_RETRY || deadline_left_ms(work->lease_ends_ms) < RECORD_PAUSE_MS)
			return kind;
		nanosleep(&(struct timespec){.tv_nsec = RECORD_PAUSE_MS * 1000000L}, NULL);
	}
}

static enum err_kind perform_one(struct notifier *notifier, struct pg_pool *pool, const struct job *job,
				 const struct mail_work *work, struct err *err)
{
	int reply = 0;
	char reply_text[8] = "";
	struct mail_outcome outcome = {0};
	enum mail_result result = send_mail(notifier, pool, job, work, &reply, err);
	struct err record_err = {0};
	const char *kind_name = mail_kind_name(work->mail.kind);

	mail_next(&work->mail, result, &notifier->limits, clock_system()->now(clock_system()),
		  &outcome.change);
	snprintf(reply_text, sizeof(reply_text), "%d", reply);
	outcome.reply = reply ? reply_text : NULL;
	outcome.error = result == MAIL_RESULT_ACCEPTED ? NULL : err->code;
	outcome.wait_ms = wait_ms_for(notifier, &work->mail, &outcome.change);
	metric_add(METRIC(METRIC_COUNTER, "unbook_mails_total",
			  "Attempts to send a mail, by what became of it.", {"kind", kind_name},
			  {"state", mail_state_name(outcome.change.state)}),
		   1);
	if (outcome.change.alarm)
		metric_add(METRIC(METRIC_COUNTER, "unbook_alarms_total", "Things that a person must look at.",
				  {"what", "mail_failed"}),
			   1);
	if (record(pool, work, &outcome, &record_err)) {
		*err = record_err;
		return err->kind;
	}
	CRASH_POINT("mail.after_record");
	return result == MAIL_RESULT_ACCEPTED ? ERR_OK : err->kind;
}

/* The doorbell rings once for a booking's mails: after one is done this slot takes the next that is fresh. */
static enum err_kind claim_next(struct notifier *notifier, struct pg_pool *pool, const struct job *job,
				struct mail_work *work, struct err *err)
{
	int64_t booking_id = work->mail.booking_id;
	struct pg *db = NULL;

	work->lease_ends_ms = deadline_in_ms(notifier->claim.lease_ms);
	work->mail = (struct mail){0};
	if (pg_pool_take(pool, POOL_WAIT_MS, &db, err))
		return err->kind;
	enum err_kind kind =
		mails_claim_booking(db, booking_id, &notifier->claim, job->arena, &work->mail, err);
	pg_pool_give(pool, db);
	return kind;
}

static enum err_kind perform(void *context, struct pg_pool *pool, const struct job *job, struct err *err)
{
	struct notifier *notifier = context;
	struct mail_work work = *(const struct mail_work *)job->work;

	for (;;) {
		CRASH_POINT("mail.after_claim");
		if (perform_one(notifier, pool, job, &work, err))
			return err->kind;
		if (breaker_is_open(&notifier->breaker) || claim_next(notifier, pool, job, &work, err)
		    || !work.mail.id)
			return ERR_OK; /* what is left is found by the sweep */
	}
}

void mail_handler_init(struct worker_handler *handler, struct notifier *notifier)
{
	static const char *const topics[] = {"unbook.bookings", "unbook.refunds", NULL};

	*handler = (struct worker_handler){
		.name = "mail",
		.context = notifier,
		.topics = topics,
		.admit_ms = admit_ms,
		.unadmit = unadmit,
		.claim = claim,
		.sweep = sweep,
		.perform = perform,
	};
}
