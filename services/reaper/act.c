/* act.c: what a checkout proves, done: settle or release. */
#include "alarm.h"
#include "conclude.h"
#include "log.h"
#include "metrics.h"
#include "reaper.h"
#include "str.h"

int64_t reaper_admit_ms(void *context)
{
	struct reaper *reaper = context;

	return breaker_admit_ms(&reaper->breaker);
}

void reaper_unadmit(void *context)
{
	struct reaper *reaper = context;

	breaker_unadmit(&reaper->breaker);
}

void reaper_note(struct reaper *reaper, const struct stripe_answer *answer, const char *call)
{
	if (answer->refund_answer == REFUND_ANSWER_CREDENTIALS)
		breaker_refused(&reaper->breaker);
	else if (answer->http_status == 0 || answer->http_status >= 500)
		breaker_failed(&reaper->breaker);
	else
		breaker_succeeded(&reaper->breaker);
	metric_add(METRIC(METRIC_COUNTER, "unbook_stripe_calls_total",
			  "Calls to Stripe that were answered or not.", {"call", call},
			  {"answered", answer->http_status ? "yes" : "no"}),
		   1);
}

static const char *outcome_name(enum payment_outcome outcome)
{
	switch (outcome) {
	case PAYMENT_CONFIRM:
		return "confirmed";
	case PAYMENT_REVIVE:
		return "revived";
	case PAYMENT_RETURN:
		return "returned";
	case PAYMENT_RETURN_AND_CANCEL:
		return "returned_and_cancelled";
	}
	return "returned";
}

static void note_settled(const struct act *act, const struct payment_decision *decision)
{
	LOG(LOG_INFO, "payment settled", LOG_I("booking", act->booking_id),
	    LOG_S("payment", act->checkout->payment_intent),
	    LOG_S("outcome", outcome_name(decision->outcome)), LOG_S("cause", decision->refund_cause));
	metric_add(METRIC(METRIC_COUNTER, "unbook_payments_total",
			  "Captured payments, by what became of them.",
			  {"outcome", outcome_name(decision->outcome)}),
		   1);
	if (decision->refund_cause && str_eq(decision->refund_cause, "amount_mismatch"))
		alarm_raise(act->job, "amount_mismatch", act->checkout->payment_intent);
}

enum err_kind act_on(const struct act *act, enum checkout_proof proof, struct err *err)
{
	const struct flow flow = {.db = act->db,
				  .arena = act->job->arena,
				  .actor = act->actor,
				  .traceparent = act->job->traceparent,
				  .doorbell_ms = act->reaper->settings->worker.doorbell_ms,
				  .meeting_url_template = act->reaper->settings->meeting_url_template};
	struct concluded concluded;

	if (conclude_checkout(&flow, act->booking_id, act->checkout, proof, &concluded, err))
		return err->kind;
	switch (concluded.conclusion) {
	case CONCLUDED_SETTLED:
		note_settled(act, &concluded.decision);
		break;
	case CONCLUDED_RELEASED:
		LOG(LOG_INFO, "booking released", LOG_I("booking", act->booking_id),
		    LOG_S("cause", cancel_cause_name(concluded.cause)));
		break;
	case CONCLUDED_NOTHING:
	case CONCLUDED_BEFORE:
		break;
	}
	return ERR_OK;
}
