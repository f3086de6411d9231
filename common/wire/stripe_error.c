/* stripe_error.c: the table of Stripe's refusals (stripe.md section 2), one row per line. */
#include <stddef.h>

#include "str.h"
#include "stripe_object.h"

struct code_row {
	const char *code;
	enum refund_answer answer;
};

static const struct code_row code_rows[] = {
	{"charge_already_refunded", REFUND_ANSWER_ALREADY},
	{"charge_disputed", REFUND_ANSWER_DISPUTED},
	{"refund_disputed_payment", REFUND_ANSWER_DISPUTED},
	{"charge_not_refundable", REFUND_ANSWER_REFUSED},
	{"resource_missing", REFUND_ANSWER_REFUSED},
	{"idempotency_key_in_use", REFUND_ANSWER_TWIN},
	{"lock_timeout", REFUND_ANSWER_BUSY},
	{"rate_limit", REFUND_ANSWER_BUSY},
};

/* Rows that the status alone decides, whoever wrote the body. */
static bool status_answer(int http_status, enum refund_answer *ret_answer)
{
	if (http_status == 401 || http_status == 403)
		*ret_answer = REFUND_ANSWER_CREDENTIALS;
	else if (http_status == 429)
		*ret_answer = REFUND_ANSWER_BUSY;
	else if (http_status == 409)
		*ret_answer = REFUND_ANSWER_TWIN;
	else if (http_status < 400 || http_status >= 500 || http_status == 408 || http_status == 424)
		*ret_answer = REFUND_ANSWER_UNKNOWN;
	else
		return false;
	return true;
}

static enum refund_answer body_answer(const struct stripe_error *error)
{
	for (size_t i = 0; i < sizeof code_rows / sizeof *code_rows; i++) {
		if (str_eq(error->code, code_rows[i].code))
			return code_rows[i].answer;
	}
	if (str_eq(error->type, "idempotency_error"))
		return REFUND_ANSWER_KEY_CONFLICT;
	return REFUND_ANSWER_REFUSED;
}

enum refund_answer stripe_error_answer(int http_status, const struct stripe_error *error, bool replayed,
				       int should_retry)
{
	enum refund_answer answer;

	if (status_answer(http_status, &answer)) {
		if (error && str_eq(error->code, "lock_timeout"))
			answer = REFUND_ANSWER_BUSY;
	} else if (!error || (!error->type[0] && !error->code[0])) {
		answer = REFUND_ANSWER_UNKNOWN; /* a 4xx that is not Stripe's: somebody between us spoke */
	} else {
		answer = body_answer(error);
		/* Stripe asks for a repeat of what reads like a final no. Should-Retry: false never makes
		 * an unknown outcome a no. */
		if (answer == REFUND_ANSWER_REFUSED && should_retry == 1)
			answer = REFUND_ANSWER_UNKNOWN;
	}
	/* The key is frozen on this. What was refused for a reason that lasts is refused as well when it
	 * is told again. */
	if (replayed && (answer == REFUND_ANSWER_UNKNOWN || answer == REFUND_ANSWER_ALREADY))
		answer = REFUND_ANSWER_REPLAYED_ERROR;
	return answer;
}

enum err_kind refund_answer_kind(enum refund_answer answer)
{
	switch (answer) {
	case REFUND_ANSWER_REFUND:
		return ERR_OK;
	case REFUND_ANSWER_ALREADY:
	case REFUND_ANSWER_DISPUTED:
	case REFUND_ANSWER_REFUSED:
	case REFUND_ANSWER_KEY_CONFLICT:
		return ERR_REJECT;
	case REFUND_ANSWER_BUSY:
	case REFUND_ANSWER_CREDENTIALS:
	case REFUND_ANSWER_NOT_SENT:
		return ERR_RETRY;
	case REFUND_ANSWER_TWIN:
	case REFUND_ANSWER_REPLAYED_ERROR:
	case REFUND_ANSWER_UNKNOWN:
		return ERR_UNSURE;
	}
	return ERR_UNSURE;
}
