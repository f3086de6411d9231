#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "booking_log.h"
#include "flow_private.h"
#include "id.h"
#include "idempotency_keys.h"
#include "mails.h"
#include "outbox.h"
#include "refund.h"
#include "refund_beside.h"
#include "refund_events.h"
#include "refunds.h"
#include "str.h"

#define TRIES_MAX    4
#define JITTER_MS    40
#define POOL_WAIT_MS 2000
#define AGAIN_MS     5000 /* a database that is silent for so long is left to the caller */

static void wait_a_little(void)
{
	const struct timespec wait = {.tv_nsec = (long)(1 + id_random() % JITTER_MS) * 1000000};

	nanosleep(&wait, NULL);
}

/* Again is safe in all of these: the lock waits for whatever the lost try still does, and finds it done or not done. */
static bool may_try_again(const struct err *err)
{
	return err->kind == ERR_UNSURE
	       || (err->kind == ERR_RETRY
		   && (strcmp(err->code, "pg_conflict") == 0 || strcmp(err->code, "pg_unavailable") == 0));
}

enum err_kind flow_run(const struct flow *flow,
		       enum err_kind (*once)(void *context, struct pg *db, struct err *err), void *context,
		       struct err *err)
{
	enum err_kind kind = ERR_OK;
	int64_t again_ms = deadline_in_ms(AGAIN_MS);
	struct err mine;

	err = err ? err : &mine;
	for (int try = 1; try <= TRIES_MAX; try++) {
		struct pg *db = NULL;

		if (try > 1)
			wait_a_little();
		kind = pg_pool_take(flow->db, POOL_WAIT_MS, &db, err);
		if (!kind)
			kind = once(context, db, err);
		pg_pool_give(flow->db, db);
		if (!kind || !may_try_again(err) || deadline_left_ms(again_ms) == 0)
			return kind;
	}
	return kind;
}

enum err_kind flow_queue_key(const struct flow *flow, struct pg *tx, int64_t booking_id, struct err *err)
{
	return flow->key ? idempotency_keys_queue(tx, flow->key, booking_id, err) : ERR_OK;
}

enum err_kind flow_queue_event(const struct flow *flow, struct pg *tx, enum event_type type,
			       int64_t booking_id, const char *payload, struct err *err)
{
	const char *aggregate = type == EVENT_REFUND_REQUESTED ? "refund"
				: type == EVENT_CHECKOUT_CHECK ? "checkout"
							       : "booking";
	const struct outbox_row row = {aggregate, booking_id, event_type_name(type), payload,
				       flow->traceparent};

	if (!payload)
		return err_set(err, ERR_RETRY, "no_memory", "no room for an event");
	return outbox_queue(tx, &row, err);
}

enum err_kind flow_queue_log(const struct flow *flow, struct pg *tx, int64_t booking_id, const char *what,
			     const char *detail, struct err *err)
{
	if (!detail)
		return err_set(err, ERR_RETRY, "no_memory", "no room for the time line");
	return booking_log_queue(tx, booking_id, flow->actor, what, detail, err);
}

enum err_kind flow_queue_mails(const struct flow *flow, struct pg *tx, const struct booking *booking,
			       const struct flow_mail *mail, struct err *err)
{
	struct mail_request request = {
		.booking_id = booking->id,
		.kind = mail->kind,
		.recipient_id = booking->parent_id,
		.booking_version = booking->version,
		.ref = mail->ref ? mail->ref : "",
		/* No event rings for a payment that changed nothing: the next sweep takes it. */
		.doorbell_ms = mail->kind == MAIL_PAYMENT_RETURNED ? 0 : flow->doorbell_ms};

	if (mails_queue(tx, &request, err))
		return err->kind;
	if (!mail->to_both || booking->teacher_id == booking->parent_id)
		return ERR_OK;
	request.recipient_id = booking->teacher_id;
	return mails_queue(tx, &request, err);
}

enum err_kind flow_find_rest(struct pg *tx, struct flow_refund *refund, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct refund_beside beside;

	if (refund_beside_queue(tx, refund->booking_id, refund->payment_intent, err)
	    || pg_run(tx, &results, err))
		return err->kind;
	beside = refund_beside_read(&results, 0, 0, 0, NULL);
	refund->rest = refund_promise(refund->amount, &beside).rest;
	return ERR_OK;
}

enum err_kind flow_queue_refund_row(const struct flow *flow, struct pg *tx, const struct flow_refund *refund,
				    struct err *err)
{
	const struct refund_request request = {refund->id, refund->booking_id, refund->payment_intent,
					       refund->cause, flow->doorbell_ms};

	if (refunds_queue_request(tx, &request, err))
		return err->kind;
	return refund->may_exist ? refund_events_queue_may_exist(tx, refund->id, err) : ERR_OK;
}

enum err_kind flow_queue_refund_news(const struct flow *flow, struct pg *tx, const struct flow_refund *refund,
				     struct err *err)
{
	struct refund row = {.booking_id = refund->booking_id,
			     .payment_intent = refund->payment_intent,
			     .captured = refund->amount,
			     .state = REFUND_REQUESTED,
			     .generation = 1};
	bool is_by_hand = refund->rest.minor == 0; /* all of it: the row only stands for that */
	const struct money *amount = is_by_hand ? &refund->amount : &refund->rest;
	const char *detail = arena_printf(
		flow->arena, "{\"refund\":\"%s\",\"amountMinor\":%" PRId64 ",\"currency\":\"%s\"%s}",
		refund->id, amount->minor, amount->currency, is_by_hand ? ",\"byHand\":true" : "");

	(void)str_copy(row.id, sizeof row.id, refund->id);
	if (flow_queue_log(flow, tx, refund->booking_id, "refund_requested", detail, err))
		return err->kind;
	return flow_queue_event(
		flow, tx, EVENT_REFUND_REQUESTED, refund->booking_id,
		event_encode_refund_requested(&row, refund->cause, refund->rest.minor, flow->arena), err);
}
