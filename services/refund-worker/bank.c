/* bank.c: a refund that came to nothing or waits for somebody, after the bank has given the money back: nobody owes it any more. */
#include "refund_beside.h"
#include "refund_events.h"
#include "refund_worker.h"
#include "refunds_operator.h"

/* Has all of the payment gone back, the last of it by the bank? */
static enum err_kind is_charged_back(struct pg *tx, const struct refund_events_found *about, bool *ret_is,
				     struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct refund_beside beside;

	if (refund_beside_queue(tx, about->booking_id, about->payment_intent, err)
	    || pg_run(tx, &results, err))
		return err->kind;
	beside = refund_beside_read(&results, 0, 0, 0, NULL);
	*ret_is = refund_promise(about->captured, &beside).kind == REFUND_PROMISE_CHARGED_BACK;
	return ERR_OK;
}

enum err_kind bank_settle(struct pg *tx, const char *payment_intent, struct arena *arena, bool *ret_settled,
			  struct err *err)
{
	struct refund_ruling ruling = {.actor = "stripe"};
	struct refund_settling settling = {0}; /* nothing went another way */
	struct refund_events_found about;
	bool is = false;

	*ret_settled = false;
	if (refund_events_lock(tx, payment_intent, err)
	    || refund_events_find(tx, payment_intent, NULL, arena, &about, err))
		return err->kind;
	if (!about.row || about.is_settled || !refund_state_is_unwell(about.row->refund.state))
		return ERR_OK;
	if (is_charged_back(tx, &about, &is, err))
		return err->kind;
	if (!is)
		return ERR_OK;
	if (refund_beside_find_lost(tx, payment_intent, arena, &settling.reference, err))
		return err->kind;
	ruling.row = about.row;
	ruling.event_payload =
		event_encode_refund(&about.row->refund, about.row->cause, about.row->version + 1, arena);
	if (!ruling.event_payload)
		return err_set(err, ERR_RETRY, "no_memory", "no memory to settle a refund");
	return refunds_record_settled(tx, &ruling, &settling, ret_settled, err);
}
