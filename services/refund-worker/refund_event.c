/* refund_event.c: what an event means for the refund row of its payment, or for a payment that has none. */
#include "refund_event.h"

#include <inttypes.h>
#include <string.h>

#include "adopt.h"
#include "alarm.h"
#include "booking_log.h"
#include "crash_point.h"
#include "id.h"
#include "log.h"
#include "refund_beside.h"
#include "str.h"
#include "stripe_checkout_object.h"
#include "stripe_object.h"

#define POOL_WAIT_MS 5000

/* Of no row: matches nobody's metadata. */
#define NO_REFUND "none"

static bool is_unsent(enum refund_state state)
{
	return state == REFUND_REQUESTED || state == REFUND_SENDING;
}

static const char *status_of(const struct stripe_event *event)
{
	return event->status ? event->status : "";
}

static enum err_kind keep_fact(struct refund_event *e, const struct stripe_refund *seen, struct err *err)
{
	struct pg *db = NULL;
	enum err_kind kind = pg_pool_take(e->db, POOL_WAIT_MS, &db, err);
	struct refund_seen_news news = {0};

	if (!kind)
		kind = refund_events_record_seen(db, &e->about, seen, &news, err);
	pg_pool_give(e->db, db);
	if (!kind && news.is_twice)
		alarm_raise_payment(e->job, "given_back_twice", e->about.payment_intent, seen->id);
	if (!kind && news.has_failed)
		alarm_raise(e->job, "refund_failed", seen->failure_reason);
	return kind;
}

static bool is_same(const struct refund *refund, const struct refund_change *change)
{
	return change->state == refund->state && change->generation == refund->generation;
}

/* What the world and the time line hear of a change. */
static enum err_kind describe(struct refund_event *e, const struct refund_change *change,
			      struct refund_record *record, struct err *err)
{
	struct arena *arena = e->job->arena;
	struct refund after = e->about.row->refund;

	if (change->state == after.state || (is_unsent(change->state) && is_unsent(after.state)))
		return ERR_OK;
	after.state = change->state;
	after.generation = change->generation;
	record->log_what = arena_printf(arena, "refund_%s", refund_state_name(change->state));
	record->log_detail = arena_printf(arena, "{\"refund\":\"%s\",\"event\":\"%s\",\"reason\":\"%s\"}",
					  after.id, e->event->id, change->reason);
	record->event_type = event_type_name(EVENT_REFUND_CHANGED);
	record->event_payload =
		event_encode_refund(&after, record->claim->cause, record->claim->version + 1, arena);
	record->mails_parent = change->mails_parent;
	if (!record->log_what || !record->log_detail || !record->event_payload)
		return err_set(err, ERR_RETRY, "no_memory", "no memory to record refund %s", after.id);
	return ERR_OK;
}

static void alarm_about(const struct refund_event *e, const struct refund_change *change)
{
	if (change->alarm && change->state == REFUND_NEEDS_ATTENTION)
		alarm_raise(e->job, "refund_needs_attention", change->reason);
	else if (change->alarm)
		alarm_raise(e->job, "refund_failed", change->reason);
}

/* Move the row, which becomes what it is then. Read again when somebody was faster. */
static enum err_kind move(struct refund_event *e, const struct refund_change *change, struct err *err)
{
	const struct worker_settings *settings = &e->worker->settings->worker;
	const struct backoff backoff = {settings->backoff_min_ms, settings->backoff_max_ms};
	struct refund_claim *row = e->about.row;
	struct refund_record record = {.claim = row, .change = change, .traceparent = e->job->traceparent};
	bool recorded = false;
	struct pg *db = NULL;
	enum err_kind kind = describe(e, change, &record, err);

	record.wait_ms = backoff_next_ms(&backoff, row->refund.attempts, 0, id_random());
	CRASH_POINT("refund_event.before_record");
	if (!kind)
		kind = pg_pool_take(e->db, POOL_WAIT_MS, &db, err);
	if (!kind)
		kind = refund_events_record(db, &record, &recorded, err);
	pg_pool_give(e->db, db);
	if (kind)
		return kind;
	if (!recorded)
		return err_set(err, ERR_RETRY, "row_changed", "the refund has moved on meanwhile");
	LOG(LOG_INFO, "refund moved by an event", LOG_S("refund", row->refund.id),
	    LOG_I("booking", row->refund.booking_id), LOG_S("state", refund_state_name(change->state)),
	    LOG_S("event", e->event->id));
	alarm_about(e, change);
	row->refund.state = change->state;
	row->refund.generation = change->generation;
	row->version++;
	return ERR_OK;
}

/* All refunds of the payment, as Stripe has them now. */
static enum err_kind list(struct refund_event *e, struct err *err)
{
	struct refund nobodys = {
		.id = NO_REFUND, .payment_intent = e->about.payment_intent, .captured = e->about.captured};
	const struct refund *refund = e->about.row ? &e->about.row->refund : &nobodys;
	struct stripe_answer answer;
	enum err_kind kind = stripe_list_refunds(e->worker->link.stripe, refund, &e->list, &answer, err);

	if (answer.http_status == 0 || answer.http_status >= 500)
		breaker_failed(&e->worker->breaker);
	else
		breaker_succeeded(&e->worker->breaker);
	for (size_t i = 0; !kind && i < answer.seen_count; i++)
		kind = keep_fact(e, &answer.seen[i], err);
	return kind;
}

static enum err_kind move_by_list(struct refund_event *e, struct err *err)
{
	struct refund_change change;

	if (list(e, err))
		return err->kind;
	refund_next(&e->about.row->refund, &e->list, REFUND_ANSWER_NOT_SENT, NULL, false, &change);
	return is_same(&e->about.row->refund, &change) ? ERR_OK : move(e, &change, err);
}

static struct flow flow_of(const struct refund_event *e)
{
	return (struct flow){.db = e->db,
			     .arena = e->job->arena,
			     .actor = "stripe",
			     .traceparent = e->job->traceparent,
			     .doorbell_ms = e->worker->settings->worker.doorbell_ms};
}

/* Nobody asked for it here: somebody did it in the dashboard. */
static enum err_kind by_hand(struct refund_event *e, struct err *err)
{
	const struct flow flow = flow_of(e);
	const struct adoption adoption = {e->about.booking_id, e->about.payment_intent, e->about.captured};

	if (list(e, err))
		return err->kind;
	if (!e->list.whole || e->list.live_minor < e->about.captured.minor)
		return ERR_OK; /* a part of it, or one that failed: a fact, and no more */
	LOG(LOG_WARN, "a full refund made by hand is adopted", LOG_I("booking", e->about.booking_id),
	    LOG_S("payment", e->about.payment_intent));
	return adopt_refund(&flow, &adoption, err);
}

enum err_kind refund_event_sum(struct refund_event *e, struct err *err)
{
	if (!e->about.row)
		return by_hand(e, err);
	if (e->about.is_settled
	    || is_unsent(e->about.row->refund.state)) /* the coming attempt finds out by itself */
		return ERR_OK;
	return move_by_list(e, err);
}

enum err_kind refund_event_refund(struct refund_event *e, struct err *err)
{
	struct refund_change change;
	struct stripe_refund seen;

	if (stripe_refund_decode(e->event->object, strlen(e->event->object), e->about.payment_intent, &seen,
				 err)
	    || keep_fact(e, &seen, err))
		return err->kind;
	if (!e->about.row)
		return by_hand(e, err);
	if (e->about.is_settled || !refund_event_next(&e->about.row->refund, &seen, &change))
		return ERR_OK;
	if (!is_same(&e->about.row->refund, &change) && move(e, &change, err))
		return err->kind;
	return change.list_next ? move_by_list(e, err) : ERR_OK;
}

/* The bank, or the bank and somebody by hand, may have given back what this refund did not. */
static enum err_kind settle_once(struct refund_event *e, struct pg *db, bool *ret_settled, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	PG_TX_SCOPE struct pg *tx = db;

	if (pg_queue_begin(tx, err)
	    || (e->about.is_settled && refund_events_queue_unsettle(tx, e->about.payment_intent, err))
	    || bank_settle(tx, e->about.payment_intent, e->job->arena, ret_settled, err)
	    || pg_queue_commit(tx, err))
		return err->kind;
	return pg_run(tx, &results, err);
}

/* A refund that came to nothing may have been a part of what the settling counted. */
static bool is_lost_again(const struct stripe_event *event)
{
	return str_eq(status_of(event), "failed") || str_eq(status_of(event), "canceled");
}

/* A cancel that found all of it given back has asked for no refund. */
static enum err_kind owe_unasked(struct refund_event *e, struct err *err)
{
	const struct flow flow = flow_of(e);
	const struct adoption adoption = {e->about.booking_id, e->about.payment_intent, e->about.captured};

	return owe_again(&flow, &adoption, err);
}

enum err_kind refund_event_settle(struct refund_event *e, struct err *err)
{
	bool settled = false;
	struct pg *db = NULL;
	enum err_kind kind;

	if (!e->about.row)
		return is_lost_again(e->event) ? owe_unasked(e, err) : ERR_OK;
	if (!refund_state_is_unwell(e->about.row->refund.state)
	    || (e->about.is_settled && !is_lost_again(e->event)))
		return ERR_OK;
	kind = pg_pool_take(e->db, POOL_WAIT_MS, &db, err);
	if (!kind)
		kind = settle_once(e, db, &settled, err);
	pg_pool_give(e->db, db);
	if (settled)
		LOG(LOG_INFO, "the bank has given back what this refund did not",
		    LOG_I("booking", e->about.booking_id), LOG_S("refund", e->about.row->refund.id));
	return kind;
}

/* What the time line calls it. */
static const char *dispute_word(const char *status)
{
	if (str_eq(status, "lost"))
		return "charged_back";
	return str_eq(status, "won") || str_eq(status, "warning_closed") ? "dispute_closed" : "disputed";
}

/* What the time line keeps of it. */
static const char *dispute_detail(const struct refund_event *e, struct instant told_at)
{
	const struct stripe_event *event = e->event;

	return arena_printf(e->job->arena,
			    "{\"dispute\":\"%s\",\"status\":\"%s\",\"paymentIntent\":\"%s\","
			    "\"amountMinor\":%" PRId64 ",\"currency\":\"%s\",\"toldAt\":%" PRId64 "}",
			    event->object_id, status_of(event), e->about.payment_intent, event->amount.minor,
			    event->amount.currency, told_at.us / 1000000);
}

/* What is written down of it, and whether it says more than what was known. */
struct dispute_news {
	struct dispute_word known;
	bool is_news;
	struct refund_balance balance; /* of what was settled */
};

/* Under the payment's lock: is it news? Then the time line hears of it, and a refund that was settled by a dispute which is won after all is
 * one that waits again. */
static enum err_kind tell(struct refund_event *e, struct pg *tx, struct dispute_news *ret, struct err *err)
{
	struct dispute_word told = {status_of(e->event), e->event->created};
	const char *detail;
	struct instant now;

	if (refund_beside_lock_dispute(tx, e->about.payment_intent, e->event->object_id, e->job->arena,
				       &ret->known, &now, err))
		return err->kind;
	if (str_starts(e->event->id, STRIPE_EVENT_MADE))
		told.told_at = now; /* it says how the dispute stands, not when that came about */
	ret->is_news = dispute_says_more(&ret->known, &told);
	if (!ret->is_news)
		return ERR_OK;
	detail = dispute_detail(e, told.told_at);
	if (!detail)
		return err_set(err, ERR_RETRY, "no_memory", "no room for the time line");
	if (str_eq(told.status, "won") && refund_events_queue_unsettle(tx, e->about.payment_intent, err))
		return err->kind;
	return booking_log_queue(tx, e->about.booking_id, "stripe", dispute_word(told.status), detail, err);
}

/* Only now may what waits for the bank be settled: the same transaction tells of the dispute and looks at the row. */
static enum err_kind write_dispute(struct refund_event *e, struct pg *db, struct dispute_news *ret,
				   struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results begun = PG_RESULTS_NONE, told = PG_RESULTS_NONE,
					   ended = PG_RESULTS_NONE;
	PG_TX_SCOPE struct pg *tx = db;
	bool settled = false;

	if (pg_queue_begin(tx, err) || pg_run(tx, &begun, err) || tell(e, tx, ret, err))
		return err->kind;
	if (!ret->is_news)
		return ERR_OK;
	if (pg_run(tx, &told, err) || bank_settle(tx, e->about.payment_intent, e->job->arena, &settled, err)
	    || refund_events_find(tx, e->about.payment_intent, NULL, e->job->arena, &e->about, err)
	    || refund_events_get_balance(tx, e->about.payment_intent, &ret->balance, err)
	    || pg_queue_commit(tx, err) || pg_run(tx, &ended, err))
		return err->kind;
	if (settled)
		LOG(LOG_INFO, "the bank has given back what a refund waited for",
		    LOG_I("booking", e->about.booking_id), LOG_S("dispute", e->event->object_id));
	return ERR_OK;
}

static void alarm_about_dispute(const struct refund_event *e, const struct dispute_news *news)
{
	const struct refund_claim *row = e->about.row;
	const char *status = status_of(e->event);

	if (dispute_takes_money(status))
		alarm_raise_payment(e->job, "charge_disputed", e->about.payment_intent, e->event->object_id);
	if (str_eq(status, "lost") && news->balance.is_twice)
		alarm_raise_payment(e->job, "given_back_twice", e->about.payment_intent, e->event->object_id);
	if (str_eq(status, "won") && news->known.status && str_eq(news->known.status, "lost") && row
	    && (e->about.is_settled ? news->balance.is_short : refund_state_is_unwell(row->refund.state)))
		alarm_raise(e->job, "refund_needs_attention", "dispute_won");
}

/* What follows is done again with every event that says the same, for a worker may have died before it. */
enum err_kind refund_event_dispute(struct refund_event *e, struct err *err)
{
	struct dispute_news news = {0};
	const char *status = status_of(e->event);
	struct refund_change change;
	struct pg *db = NULL;
	enum err_kind kind = pg_pool_take(e->db, POOL_WAIT_MS, &db, err);

	if (!kind)
		kind = write_dispute(e, db, &news, err);
	pg_pool_give(e->db, db);
	if (kind || !(news.is_news || str_eq(news.known.status, status)))
		return kind;
	if (e->about.row && !e->about.is_settled
	    && refund_dispute_next(&e->about.row->refund, e->about.reason, status, &change)
	    && move(e, &change, err))
		return err->kind;
	if (news.is_news)
		alarm_about_dispute(e, &news);
	return str_eq(status, "won") && !e->about.row ? owe_unasked(e, err) : ERR_OK;
}
