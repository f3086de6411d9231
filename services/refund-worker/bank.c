/* bank.c: a refund that waits for the bank, after the bank has given the money back: nobody owes it any more. */
#include "booking_log.h"
#include "refund_beside.h"
#include "refund_events.h"
#include "refund_worker.h"
#include "refunds_operator.h"

#define ACTOR "stripe"

enum err_kind bank_settle(struct pg *tx, const char *payment_intent, struct arena *arena, bool *ret_settled,
			  struct err *err)
{
	struct refund_events_found about;
	struct refund_ruling ruling = {.actor = ACTOR};
	struct refund_beside beside;
	const char *dispute;

	*ret_settled = false;
	if (refund_events_lock(tx, payment_intent, err)
	    || refund_events_find(tx, payment_intent, NULL, arena, &about, err)
	    || refund_beside_find(tx, about.booking_id, payment_intent, arena, &beside, &dispute, err))
		return err->kind;
	if (!about.row || !refund_waits_for_bank(about.row->refund.state, about.reason)
	    || refund_promise(about.captured, &beside).kind != REFUND_PROMISE_CHARGED_BACK)
		return ERR_OK;
	ruling.row = about.row;
	ruling.event_payload =
		event_encode_refund(&about.row->refund, about.row->cause, about.row->version + 1, arena);
	if (!ruling.event_payload)
		return err_set(err, ERR_RETRY, "no_memory", "no memory to settle a refund");
	return refunds_record_settled(tx, &ruling, dispute, ret_settled, err);
}
