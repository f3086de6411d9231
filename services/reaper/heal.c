/* heal.c: what webhooks should have told, asked for (design.md section 7, Heal). One page of one of Stripe's lists is compared with the
 * tables; what has no row here is taken in as the event that would have told of it, so that its owner does the rest. */
#include "alarm.h"
#include "backoff.h"
#include "crash_point.h"
#include "healing.h"
#include "id.h"
#include "metrics.h"

#define POOL_WAIT_MS   5000
#define PAGE_BYTES_MAX (8u * 1024 * 1024)
#define FAILURES_MAX   10 /* after so many in a row a person should look why */

enum err_kind healing_list(struct healing *h, const struct stripe_events_query *query,
			   struct stripe_event_page *ret_page, struct err *err)
{
	struct stripe_answer answer;
	enum err_kind kind =
		stripe_list_events(h->reaper->link.stripe, query, &h->arena, ret_page, &answer, err);

	if (answer.refund_answer == REFUND_ANSWER_CREDENTIALS)
		breaker_unadmit(&h->reaper->breaker); /* a key that may not read a list may do all the rest */
	else
		reaper_note(h->reaper, &answer, "heal");
	return kind;
}

static enum stripe_source source_of(enum heal_pass pass)
{
	switch (pass) {
	case HEAL_EVENTS:
		return STRIPE_EVENTS;
	case HEAL_PAYMENTS:
	case HEAL_ALL_PAYMENTS:
		return STRIPE_PAYMENTS;
	case HEAL_REFUNDS:
	case HEAL_ALL_REFUNDS:
		return STRIPE_REFUNDS;
	case HEAL_DISPUTES:
	case HEAL_ALL_DISPUTES:
		return STRIPE_DISPUTES;
	}
	return STRIPE_EVENTS;
}

static enum err_kind read_page(struct healing *h, struct err *err)
{
	static const char *const types[] = {"checkout.session.completed",
					    "checkout.session.expired",
					    "checkout.session.async_payment_succeeded",
					    "checkout.session.async_payment_failed",
					    "refund.created",
					    "refund.updated",
					    "refund.failed",
					    "charge.refunded",
					    "charge.refund.updated",
					    "charge.dispute.created",
					    "charge.dispute.updated",
					    "charge.dispute.closed",
					    "charge.dispute.funds_withdrawn",
					    "charge.dispute.funds_reinstated",
					    NULL};
	bool of_events = h->claim->pass == HEAL_EVENTS;
	const struct stripe_events_query query = {.source = source_of(h->claim->pass),
						  .from = h->span.from,
						  .until = h->span.until,
						  .after = h->claim->after,
						  .undelivered = of_events,
						  .types = of_events ? types : NULL};

	return healing_list(h, &query, &h->page, err);
}

/* Also of a page that then broke off: what was taken in stays. */
static void tell(const struct healing *h)
{
	const char *pass = heal_pass_name(h->claim->pass);

	if (!h->healed)
		return;
	metric_add(METRIC(METRIC_COUNTER, "unbook_healed_total",
			  "What Stripe had to tell and no webhook told, by the list it was found in.",
			  {"pass", pass}),
		   h->healed);
	alarm_raise(h->job, "webhooks_missing", pass);
}

static enum err_kind record_page(const struct healing *h, struct pg *db, struct err *err)
{
	const struct reaper_settings *settings = h->reaper->settings;
	const struct heal_page page = {.span = h->span,
				       .last_id = h->page.has_more ? h->page.last_id : NULL,
				       .wait_ms = heal_pass_reads_all(h->claim->pass) ? settings->heal_all_ms
										      : settings->heal_ms};

	return heals_record_page(db, h->claim, &page, err);
}

static enum err_kind record_retry(const struct healing *h, struct pg *db, const struct err *why,
				  struct err *err)
{
	const struct worker_settings *settings = &h->reaper->settings->worker;
	const struct backoff backoff = {settings->backoff_min_ms, settings->backoff_max_ms};
	const struct heal_retry retry = {
		.error = why->code,
		.wait_ms = backoff_next_ms(&backoff, h->claim->failures, 0, id_random()),
		.restarts = why->kind == ERR_REJECT};

	if (h->claim->failures + 1 == FAILURES_MAX)
		alarm_raise(h->job, "heal_stuck", why->code);
	return heals_record_retry(db, h->claim, &retry, err);
}

static enum err_kind record(const struct healing *h, const struct err *why, struct err *err)
{
	struct pg *db = NULL;
	enum err_kind kind = pg_pool_take(h->db, POOL_WAIT_MS, &db, err);

	if (!kind)
		kind = why->kind ? record_retry(h, db, why, err) : record_page(h, db, err);
	pg_pool_give(h->db, db);
	return kind;
}

static enum err_kind perform(void *context, struct pg_pool *db, const struct job *job, struct err *err)
{
	struct healing h = {.reaper = context, .db = db, .job = job, .claim = job->work};
	struct err why = {0};
	enum err_kind kind, recorded;

	arena_init(&h.arena, PAGE_BYTES_MAX);
	h.span = h.claim->after ? h.claim->reads
				: heal_span(h.claim->pass, h.claim->done_until, h.claim->began, h.claim->now,
					    h.reaper->settings->heal_after_ms * 1000);
	kind = read_page(&h, &why);
	if (!kind)
		kind = healing_take_page(&h, &why);
	tell(&h);
	why.kind = kind;
	CRASH_POINT("heal.before_record");
	recorded = record(&h, &why, err);
	arena_release(&h.arena);
	if (!kind)
		return recorded;
	*err = why;
	return kind;
}

static enum err_kind sweep(void *context, struct pg *db, struct job *job, struct err *err)
{
	const struct reaper *reaper = context;
	struct heal_claim *claimed = NULL;

	if (heals_claim_due(db, reaper->settings->worker.lease_ms, job->arena, &claimed, err))
		return err->kind;
	if (!claimed)
		return ERR_OK;
	job->work = claimed;
	job->label = heal_pass_name(claimed->pass);
	CRASH_POINT("heal.after_claim");
	return ERR_OK;
}

void heal_handler_init(struct reaper *reaper, struct worker_handler *ret_handler)
{
	*ret_handler = (struct worker_handler){.name = "heal",
					       .context = reaper,
					       .admit_ms = reaper_admit_ms,
					       .unadmit = reaper_unadmit,
					       .sweep = sweep,
					       .perform = perform};
}
