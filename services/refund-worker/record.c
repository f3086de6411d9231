/* record.c: what came of an attempt, into the tables, under the fence. */
#include <time.h>

#include "alarm.h"
#include "crash_point.h"
#include "id.h"
#include "log.h"
#include "metrics.h"
#include "refund_worker.h"
#include "str.h"
#include "stripe_object.h"

#define POOL_WAIT_MS     5000
#define RECORD_PAUSE_MS  200
#define BUSY_WAIT_MAX_MS 60000 /* F20 */
#define DETAIL_BYTES_MAX 2048

static bool is_unsent(enum refund_state state)
{
	return state == REFUND_REQUESTED || state == REFUND_SENDING;
}

/* Until the next try (grows with failures that were ours to cause) or the next poll (grows with each).
 * Being told to wait is no failure, so those waits grow with the attempts, up to a minute. */
static int64_t wait_ms(const struct refund_worker *worker, const struct refund *refund,
		       const struct refund_change *change, const struct attempt *attempt)
{
	struct backoff backoff = {.min_ms = worker->settings->worker.backoff_min_ms,
				  .max_ms = worker->settings->worker.backoff_max_ms};
	int exponent = refund->failures;

	if (!is_unsent(change->state) || attempt->answer == REFUND_ANSWER_BUSY)
		exponent = refund->attempts - 1;
	if (is_unsent(change->state) && attempt->answer == REFUND_ANSWER_BUSY
	    && backoff.max_ms > BUSY_WAIT_MAX_MS)
		backoff.max_ms = BUSY_WAIT_MAX_MS;
	return backoff_next_ms(&backoff, exponent, attempt->last.retry_after_ms, id_random());
}

/* The refund at Stripe that the row's new state speaks of; "" when there is none. */
static const struct stripe_refund *spoken_of(const struct attempt *attempt)
{
	if (attempt->answer == REFUND_ANSWER_REFUND)
		return &attempt->made;
	if (attempt->list.ours.id[0])
		return &attempt->list.ours;
	if (attempt->list.ours_failed.id[0])
		return &attempt->list.ours_failed;
	return &attempt->list.newest_live;
}

static void add_field(struct buf *json, const char *name, const char *value)
{
	if (!value || !value[0])
		return;
	buf_addf(json, "%s\"%s\":\"", json->len > 1 ? "," : "", name);
	buf_add_json(json, value);
	buf_add(json, "\"");
}

/* Ids and codes for the time line; NULL when memory is out. */
static const char *log_detail(const struct refund *refund, const struct refund_change *change,
			      const struct attempt *attempt, struct arena *arena)
{
	const struct stripe_refund *at_stripe = spoken_of(attempt);
	const char *detail;
	struct buf json;

	buf_init(&json, DETAIL_BYTES_MAX);
	buf_add(&json, "{");
	add_field(&json, "refund", refund->id);
	add_field(&json, "stripeRefund", at_stripe->id);
	add_field(&json, "reference", at_stripe->reference);
	add_field(&json, "requestId", attempt->last.request_id);
	add_field(&json, "reason", change->reason);
	buf_add(&json, "}");
	detail = json.failed ? NULL : arena_strdup(arena, json.data);
	buf_release(&json);
	return detail;
}

/* As it looks from outside, where all that is not yet sent is one state. */
static bool has_news(const struct refund *before, const struct refund_change *change)
{
	return change->state != before->state && !(is_unsent(change->state) && is_unsent(before->state));
}

/* What the world is told of. */
static enum err_kind add_news(const struct job *job, const struct refund_change *change,
			      const struct attempt *attempt, struct refund_record *record, struct err *err)
{
	struct refund after = record->claim->refund;

	if (!has_news(&after, change))
		return ERR_OK;
	after.state = change->state;
	after.generation = change->generation;
	record->log_what = arena_printf(job->arena, "refund_%s", refund_state_name(change->state));
	record->log_detail = log_detail(&after, change, attempt, job->arena);
	record->event_type = event_type_name(EVENT_REFUND_CHANGED);
	record->event_payload =
		event_encode_refund(&after, record->claim->cause, record->claim->version + 1, job->arena);
	record->mails_parent = change->mails_parent;
	if (!record->log_what || !record->log_detail || !record->event_payload)
		return err_set(err, ERR_RETRY, "no_memory", "no memory to record refund %s", after.id);
	return ERR_OK;
}

struct written {
	bool recorded;
	bool settled; /* the bank has given the money back already */
};

/* A refusal because of a dispute may come after the dispute was lost: one transaction records it and looks. */
static enum err_kind write_once(struct pg *db, const struct refund_record *record, struct arena *arena,
				struct written *ret, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results begun = PG_RESULTS_NONE, ended = PG_RESULTS_NONE;
	PG_TX_SCOPE struct pg *tx = db;

	*ret = (struct written){0};
	if (!refund_state_is_unwell(record->change->state))
		return refunds_record(db, record, &ret->recorded, err);
	if (pg_queue_begin(tx, err) || pg_run(tx, &begun, err)
	    || refunds_record(tx, record, &ret->recorded, err)
	    || bank_settle(tx, record->claim->refund.payment_intent, arena, &ret->settled, err)
	    || pg_queue_commit(tx, err))
		return err->kind;
	return pg_run(tx, &ended, err);
}

/* What Stripe did is known nowhere else, so this waits for PostgreSQL as long as the lease lasts. A
 * COMMIT without its answer is repeated too: the fence tells whether it had happened, and a lost fence is
 * then no loss. */
static enum err_kind write_record(struct pg_pool *pool, const struct refund_record *record,
				  struct arena *arena, bool *ret_settled, struct err *err)
{
	bool unsure = false;

	for (;;) {
		struct pg *db = NULL;
		struct written written = {0};
		enum err_kind kind = pg_pool_take(pool, POOL_WAIT_MS, &db, err);

		if (!kind)
			kind = write_once(db, record, arena, &written, err);
		pg_pool_give(pool, db);
		*ret_settled = written.settled;
		if (!kind && !written.recorded && !unsure)
			return err_set(err, ERR_RETRY, "lease_lost", "somebody else holds the refund now");
		if (kind != ERR_RETRY && kind != ERR_UNSURE)
			return kind;
		unsure = unsure || kind == ERR_UNSURE;
		if (deadline_left_ms(record->claim->lease_over_ms) < RECORD_PAUSE_MS)
			return kind;
		nanosleep(&(struct timespec){.tv_nsec = RECORD_PAUSE_MS * 1000000L}, NULL);
	}
}

/* The trace id alone, as in the job's log line. */
static const char *trace_id(const struct job *job)
{
	const char *id = arena_strndup(job->arena, job->traceparent[0] ? job->traceparent + 3 : "", 32);

	return id ? id : "";
}

static void alarm_about(const struct job *job, const struct refund_change *change,
			const struct attempt *attempt)
{
	const char *what = change->breaker                           ? "stripe_credentials"
			   : change->state == REFUND_NEEDS_ATTENTION ? "refund_needs_attention"
								     : "refund_failed";

	LOG(LOG_ERROR, "alarm", LOG_S("what", what), LOG_I("booking", job->booking_id),
	    LOG_S("refund", job->label), LOG_S("reason", change->reason), LOG_S("code", attempt->last.code),
	    LOG_S("request", attempt->last.request_id), LOG_S("trace", trace_id(job)));
	metric_add(METRIC(METRIC_COUNTER, "unbook_alarms_total", "Things that a person must look at.",
			  {"what", what}),
		   1);
}

/* Once; the state stays, and so does the polling. */
static bool becomes_overdue(const struct refund_worker *worker, const struct refund_claim *claim,
			    const struct refund_change *change)
{
	return !refund_state_is_final(change->state) && !is_unsent(change->state) && !claim->is_overdue
	       && claim->sent_ms > worker->settings->pending_ms;
}

static void tell(const struct job *job, const struct refund_claim *claim, const struct refund_change *change,
		 const struct attempt *attempt)
{
	const char *state = refund_state_name(change->state);

	if (has_news(&claim->refund, change))
		LOG(LOG_INFO, "refund recorded", LOG_S("refund", claim->refund.id),
		    LOG_I("booking", claim->refund.booking_id), LOG_S("state", state),
		    LOG_S("answer", refund_answer_name(attempt->answer)),
		    LOG_I("http", attempt->last.http_status), LOG_S("request", attempt->last.request_id),
		    LOG_I("attempt", claim->refund.attempts), LOG_I("generation", change->generation),
		    LOG_S("trace", trace_id(job)));
	metric_add(METRIC(METRIC_COUNTER, "unbook_refunds_total",
			  "Attempts of refunds, by the state they led to.", {"state", state}),
		   1);
	if (change->alarm)
		alarm_about(job, change, attempt);
}

/* Did the attempt learn where the refund stands? If not: for the job's log line why. */
static enum err_kind outcome(const struct refund_change *change, const struct attempt *attempt,
			     struct err *err)
{
	const struct stripe_answer *last = &attempt->last;

	if (refund_state_is_final(change->state) || attempt->answer == REFUND_ANSWER_REFUND)
		return ERR_OK;
	if (attempt->list.listed && !is_unsent(change->state))
		return ERR_OK;
	return err_set(err, refund_answer_kind(attempt->answer), refund_answer_name(attempt->answer),
		       "HTTP %d %.60s %s", last->http_status, last->code, last->request_id);
}

enum err_kind attempt_record(struct refund_worker *worker, struct pg_pool *db, const struct job *job,
			     const struct attempt *attempt, struct err *err)
{
	const struct refund_claim *claim = job->work;
	bool give_up = claim->age_ms > worker->settings->worker.give_up_ms;
	struct refund_record record = {.claim = claim,
				       .traceparent = job->traceparent,
				       .seen = attempt->seen,
				       .seen_count = attempt->seen_count};
	struct refund_change change;
	bool settled = false;

	refund_next(&claim->refund, &attempt->list, attempt->answer, &attempt->made, give_up, &change);
	record.change = &change;
	record.wait_ms = wait_ms(worker, &claim->refund, &change, attempt);
	record.last_error = attempt->answer == REFUND_ANSWER_REFUND ? NULL : attempt->last.code;
	record.is_overdue = becomes_overdue(worker, claim, &change);
	if (add_news(job, &change, attempt, &record, err))
		return err->kind;
	CRASH_POINT("refund.before_record");
	if (write_record(db, &record, job->arena, &settled, err))
		return err->kind;
	change.alarm = change.alarm && !settled; /* nobody has to look at it */
	CRASH_POINT("refund.after_record");
	tell(job, claim, &change, attempt);
	if (record.is_overdue)
		alarm_raise(job, "refund_overdue", refund_state_name(change.state));
	return outcome(&change, attempt, err);
}
