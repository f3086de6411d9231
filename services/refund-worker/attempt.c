/* attempt.c: one refund at Stripe: look, post, read again. */
#include "crash_point.h"
#include "metrics.h"
#include "refund_worker.h"
#include "str.h"

const char *refund_answer_name(enum refund_answer answer)
{
	switch (answer) {
	case REFUND_ANSWER_REFUND:
		return "ok";
	case REFUND_ANSWER_ALREADY:
		return "already_refunded";
	case REFUND_ANSWER_DISPUTED:
		return "disputed";
	case REFUND_ANSWER_REFUSED:
		return "refused";
	case REFUND_ANSWER_KEY_CONFLICT:
		return "key_conflict";
	case REFUND_ANSWER_TWIN:
		return "twin";
	case REFUND_ANSWER_BUSY:
		return "busy";
	case REFUND_ANSWER_CREDENTIALS:
		return "credentials";
	case REFUND_ANSWER_REPLAYED_ERROR:
		return "replayed_error";
	case REFUND_ANSWER_UNKNOWN:
		return "unknown";
	case REFUND_ANSWER_NOT_SENT:
		return "not_sent";
	}
	return "unknown";
}

/* Is Stripe there? A refusal says that it is; what broke off or came from a broken server does not. */
static void tell_breaker(struct breaker *breaker, const struct stripe_answer *answer)
{
	if (answer->refund_answer == REFUND_ANSWER_CREDENTIALS)
		breaker_refused(breaker);
	else if (answer->http_status == 0 || answer->http_status >= 500)
		breaker_failed(breaker);
	else
		breaker_succeeded(breaker);
}

static void remember(struct attempt *attempt, const struct stripe_refund *found)
{
	for (size_t i = 0; i < attempt->seen_count; i++) {
		if (str_eq(attempt->seen[i].id, found->id)) {
			attempt->seen[i] = *found;
			return;
		}
	}
	if (attempt->seen_count < REFUND_SEEN_MAX)
		attempt->seen[attempt->seen_count++] = *found;
}

/* Every call ends here, whatever came of it. */
static void note(struct refund_worker *worker, struct attempt *attempt, const struct stripe_answer *answer,
		 const char *call)
{
	tell_breaker(&worker->breaker, answer);
	metric_add(METRIC(METRIC_COUNTER, "unbook_stripe_answers_total",
			  "Stripe's answers, by call and by what they mean.", {"call", call},
			  {"answer", refund_answer_name(answer->refund_answer)}),
		   1);
	for (size_t i = 0; i < answer->seen_count; i++)
		remember(attempt, &answer->seen[i]);
	attempt->last = *answer;
	attempt->calls++;
}

/* F2: a process that stood still must not send what another may have sent meanwhile. */
static enum err_kind check_lease(const struct refund_claim *claim, struct err *err)
{
	if (deadline_left_ms(claim->lease_over_ms) > 0)
		return ERR_OK;
	return err_set(err, ERR_RETRY, "lease_over",
		       "the lease ended before the request; the sweep takes it again");
}

static enum err_kind look(struct refund_worker *worker, const struct refund_claim *claim, bool after_answer,
			  struct attempt *attempt, struct err *err)
{
	struct refund_list list = {0};
	struct stripe_answer answer;

	if (check_lease(claim, err))
		return err->kind;
	if (stripe_list_refunds(worker->link.stripe, &claim->refund, &list, &answer, NULL) == ERR_OK) {
		list.after_answer = after_answer;
		attempt->list = list;
	} else if (!after_answer) {
		attempt->answer = answer.refund_answer;
	}
	note(worker, attempt, &answer, "list");
	return ERR_OK;
}

/* A replayed 200 is what Stripe knew when it was stored: read it again (rule 7). */
static void read_again(struct refund_worker *worker, const struct refund_claim *claim,
		       struct attempt *attempt)
{
	struct stripe_answer answer;

	if (stripe_get_refund(worker->link.stripe, &claim->refund, attempt->made.id, &answer, NULL) == ERR_OK)
		attempt->made = answer.refund;
	else
		attempt->answer = REFUND_ANSWER_UNKNOWN;
	note(worker, attempt, &answer, "get");
}

static enum err_kind post(struct refund_worker *worker, const struct refund_claim *claim,
			  const char *traceparent, struct attempt *attempt, struct err *err)
{
	struct stripe_answer answer;
	enum err_kind kind;

	if (check_lease(claim, err))
		return err->kind;
	CRASH_POINT("refund.before_post");
	kind = stripe_create_refund(worker->link.stripe, &claim->refund, traceparent, &answer, NULL);
	CRASH_POINT("refund.after_reply");
	if (answer.replayed)
		answer.refund_answer = refund_answer_replayed(answer.refund_answer);
	note(worker, attempt, &answer, "create");
	attempt->answer = answer.refund_answer;
	if (kind == ERR_OK) {
		attempt->made = answer.refund;
		if (answer.replayed)
			read_again(worker, claim, attempt);
	}
	if (refund_wants_list_after(attempt->answer))
		return look(worker, claim, true, attempt, err);
	return ERR_OK;
}

enum err_kind attempt_run(struct refund_worker *worker, const struct refund_claim *claim,
			  const char *traceparent, struct attempt *ret_attempt, struct err *err)
{
	enum err_kind kind = ERR_OK;

	ret_attempt->answer = REFUND_ANSWER_NOT_SENT;
	if (refund_may_exist(&claim->refund))
		kind = look(worker, claim, false, ret_attempt, err);
	if (!kind && refund_plan(&claim->refund, &ret_attempt->list) == REFUND_STEP_POST)
		kind = post(worker, claim, traceparent, ret_attempt, err);
	return kind;
}
