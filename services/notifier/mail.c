/* mail.c: one mail, from claimed to recorded */
#include <stdio.h>
#include <time.h>

#include "crash_point.h"
#include "id.h"
#include "log.h"
#include "metrics.h"
#include "notifier.h"
#include "str.h"

#define MAIL_BYTES_MAX  (2 * 1024 * 1024)
#define HOLD_WAIT_MS    1000
#define RECORD_PAUSE_MS 200
#define RECORD_MAX_MS   600000

/* One mail at work. */
struct attempt {
	struct notifier *notifier;
	struct pg_pool *pool;
	struct mail_work *work;
	struct arena *arena;
	bool lease_is_lost;
	bool called; /* the mail server was asked, and the breaker told */
	int reply;
};

static enum err_kind hold(struct attempt *attempt, bool *ret_held, struct err *err)
{
	struct pg *db = NULL;
	enum err_kind kind = pg_pool_take(attempt->pool, HOLD_WAIT_MS, &db, err);

	if (!kind)
		kind = mails_hold(db, &attempt->work->mail, attempt->notifier->claim.lease_ms, ret_held, err);
	pg_pool_give(attempt->pool, db);
	return kind;
}

/* A mail server may think for longer than a lease lasts (RFC 5321: ten minutes after the final dot). While this process lives it renews
 * its lease; one that stood still finds here that somebody else has taken the mail. */
static bool is_still_held(void *context)
{
	struct attempt *attempt = context;
	int64_t lease_ms = attempt->notifier->claim.lease_ms, ends_ms = deadline_in_ms(lease_ms);
	struct err err = {0};
	bool held = false;

	if (attempt->lease_is_lost)
		return false;
	if (deadline_left_ms(attempt->work->lease_ends_ms) > lease_ms / 2)
		return true;
	if (hold(attempt, &held, &err))
		return deadline_left_ms(attempt->work->lease_ends_ms) > 0;
	attempt->lease_is_lost = !held;
	if (held)
		attempt->work->lease_ends_ms = ends_ms;
	return held;
}

static enum err_kind find_facts(struct attempt *attempt, struct mail_facts *ret_facts, struct err *err)
{
	struct pg *db = NULL;

	if (pg_pool_take(attempt->pool, MAIL_POOL_WAIT_MS, &db, err))
		return err->kind;
	enum err_kind kind = mails_find_facts(db, &attempt->work->mail, attempt->arena, ret_facts, err);
	pg_pool_give(attempt->pool, db);
	return kind;
}

static enum err_kind write_mail(struct attempt *attempt, struct smtp_message *ret_message, struct err *err)
{
	struct notifier *notifier = attempt->notifier;
	struct instant now = clock_system()->now(clock_system());
	struct mail_facts facts;

	if (find_facts(attempt, &facts, err)
	    || compose_mail(notifier->templates, &notifier->sender, &attempt->work->mail, &facts, now,
			    attempt->arena, ret_message, err))
		return err->kind;
	ret_message->goes_on = is_still_held;
	ret_message->context = attempt;
	return ERR_OK;
}

/* Any answer shows that the server is there; a 5xx that is not about the mail, that it wants nothing from us. */
static void tell_breaker(struct attempt *attempt, enum mail_result result)
{
	struct breaker *breaker = &attempt->notifier->breaker;

	attempt->called = true;
	if (result == MAIL_RESULT_LATER && attempt->reply / 100 == 5)
		breaker_refused(breaker);
	else if (attempt->reply)
		breaker_succeeded(breaker);
	else
		breaker_failed(breaker);
}

static enum mail_result send_mail(struct attempt *attempt, struct err *err)
{
	struct smtp_message message = {0};
	enum mail_result result = MAIL_RESULT_LATER;

	if (attempt->work->mail.state == MAIL_SENDING) {
		err_set(err, ERR_UNSURE, "lease_expired", "an earlier attempt ended without a word");
		return MAIL_RESULT_LOST;
	}
	enum err_kind kind = write_mail(attempt, &message, err);
	if (kind)
		return kind == ERR_REJECT ? MAIL_RESULT_BAD : MAIL_RESULT_LATER;
	CRASH_POINT("mail.before_send");
	if (!is_still_held(attempt)) {
		err_set(err, ERR_RETRY, "lease_expired",
			"this process stood still for longer than its lease");
		return MAIL_RESULT_LATER;
	}
	kind = smtp_send(attempt->notifier->smtp, &message, &result, &attempt->reply, err);
	CRASH_POINT("mail.after_send");
	tell_breaker(attempt, result);
	return kind ? result : MAIL_RESULT_ACCEPTED;
}

static int64_t wait_ms_for(const struct notifier *notifier, const struct mail *mail,
			   const struct mail_change *change)
{
	if (change->wait_ms)
		return change->wait_ms;
	return backoff_next_ms(&notifier->backoff, mail->failures, 0, id_random());
}

/* What became of a mail is known nowhere else, so this waits for PostgreSQL; the fence keeps a late word harmless. After an answer that was
 * lost the fence also says that the first try had arrived. */
static enum err_kind record(struct attempt *attempt, const struct mail_outcome *outcome, struct err *err)
{
	const struct mail *mail = &attempt->work->mail;
	int64_t deadline_ms = deadline_in_ms(RECORD_MAX_MS);
	bool unsure = false;

	for (;;) {
		struct pg *db = NULL;
		bool recorded = false;
		enum err_kind kind = pg_pool_take(attempt->pool, MAIL_POOL_WAIT_MS, &db, err);

		if (!kind)
			kind = mails_record(db, mail, outcome, &recorded, err);
		pg_pool_give(attempt->pool, db);
		if (!kind && (recorded || unsure))
			return ERR_OK;
		if (!kind)
			return err_set(err, ERR_RETRY, "lease_lost", "somebody else holds mail %lld now",
				       (long long)mail->id);
		unsure = unsure || kind == ERR_UNSURE;
		if ((kind != ERR_RETRY && kind != ERR_UNSURE) || deadline_left_ms(deadline_ms) == 0)
			return kind;
		nanosleep(&(struct timespec){.tv_nsec = RECORD_PAUSE_MS * 1000000L}, NULL);
	}
}

static void count(const struct mail *mail, const struct mail_change *change)
{
	metric_add(METRIC(METRIC_COUNTER, "unbook_mails_total",
			  "Attempts to send a mail, by what became of it.",
			  {"kind", mail_kind_name(mail->kind)}, {"state", mail_state_name(change->state)}),
		   1);
	if (change->alarm)
		metric_add(METRIC(METRIC_COUNTER, "unbook_alarms_total", "Things that a person must look at.",
				  {"what", "mail_failed"}),
			   1);
}

static void log_mail(const struct mail *mail, const struct mail_outcome *outcome, const char *traceparent)
{
	char trace[33] = ""; /* the id alone, as in the job's log line */

	if (str_starts(traceparent, "00-"))
		snprintf(trace, sizeof(trace), "%.32s", traceparent + 3);
	LOG(outcome->change.alarm ? LOG_ERROR : LOG_INFO, "mail", LOG_I("mail", mail->id),
	    LOG_I("booking", mail->booking_id), LOG_S("kind", mail_kind_name(mail->kind)),
	    LOG_S("state", mail_state_name(outcome->change.state)), LOG_S("reply", outcome->reply),
	    LOG_S("error", outcome->error), LOG_I("attempt", mail->attempts), LOG_S("trace", trace));
}

static enum err_kind send_and_record(struct attempt *attempt, const char *traceparent, struct err *err)
{
	const struct mail *mail = &attempt->work->mail;
	const struct notifier *notifier = attempt->notifier;
	struct mail_outcome outcome = {0};
	struct err why = {0};
	char reply[8] = "";
	enum mail_result result = send_mail(attempt, &why);

	if (!attempt->called)
		breaker_unadmit(&attempt->notifier->breaker);
	mail_next(mail, result, &notifier->limits, clock_system()->now(clock_system()), &outcome.change);
	snprintf(reply, sizeof(reply), "%d", attempt->reply);
	outcome.reply = attempt->reply ? reply : NULL;
	outcome.error = result == MAIL_RESULT_ACCEPTED ? NULL : why.code;
	outcome.wait_ms = wait_ms_for(notifier, mail, &outcome.change);
	if (record(attempt, &outcome, err))
		return err->kind;
	CRASH_POINT("mail.after_record");
	count(mail, &outcome.change);
	log_mail(mail, &outcome, traceparent);
	if (result == MAIL_RESULT_ACCEPTED)
		return ERR_OK;
	*err = why;
	return err->kind;
}

enum err_kind mail_perform(struct notifier *notifier, struct pg_pool *pool, const char *traceparent,
			   struct mail_work *work, struct err *err)
{
	struct arena arena;
	struct attempt attempt = {.notifier = notifier, .pool = pool, .work = work, .arena = &arena};

	arena_init(&arena, MAIL_BYTES_MAX);
	enum err_kind kind = send_and_record(&attempt, traceparent, err);
	arena_release(&arena);
	return kind;
}
