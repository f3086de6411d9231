/* stripe.md section 2, row by row. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "stripe_object.h"

#define NO_HINT (-1)

struct row {
	int http_status;
	const char *type, *code; /* both NULL: not Stripe's JSON */
	bool replayed;
	int should_retry;
	enum refund_answer answer;
	enum err_kind kind;
};

#define INVALID "invalid_request_error"

static const struct row rows[] = {
	{400, INVALID, "charge_already_refunded", false, NO_HINT, REFUND_ANSWER_ALREADY, ERR_REJECT},
	{400, INVALID, "charge_disputed", false, NO_HINT, REFUND_ANSWER_DISPUTED, ERR_REJECT},
	{400, INVALID, "refund_disputed_payment", false, NO_HINT, REFUND_ANSWER_DISPUTED, ERR_REJECT},
	{400, INVALID, "charge_not_refundable", false, NO_HINT, REFUND_ANSWER_REFUSED, ERR_REJECT},
	{400, INVALID, "resource_missing", false, NO_HINT, REFUND_ANSWER_REFUSED, ERR_REJECT},
	{404, INVALID, "resource_missing", false, NO_HINT, REFUND_ANSWER_REFUSED, ERR_REJECT},
	{400, INVALID, "parameter_unknown", false, NO_HINT, REFUND_ANSWER_REFUSED, ERR_REJECT},
	{400, INVALID, "", false, NO_HINT, REFUND_ANSWER_REFUSED, ERR_REJECT},
	{400, "idempotency_error", "", false, NO_HINT, REFUND_ANSWER_KEY_CONFLICT, ERR_REJECT},
	{402, "card_error", "insufficient_funds", false, NO_HINT, REFUND_ANSWER_REFUSED, ERR_REJECT},
	{409, "idempotency_error", "idempotency_key_in_use", false, 1, REFUND_ANSWER_TWIN, ERR_UNSURE},
	{409, NULL, NULL, false, NO_HINT, REFUND_ANSWER_TWIN, ERR_UNSURE},
	{409, INVALID, "lock_timeout", false, NO_HINT, REFUND_ANSWER_BUSY, ERR_RETRY},
	{429, INVALID, "lock_timeout", false, NO_HINT, REFUND_ANSWER_BUSY, ERR_RETRY},
	{429, INVALID, "rate_limit", false, NO_HINT, REFUND_ANSWER_BUSY, ERR_RETRY},
	{429, NULL, NULL, false, NO_HINT, REFUND_ANSWER_BUSY, ERR_RETRY},
	{429, INVALID, "rate_limit", false, 0, REFUND_ANSWER_BUSY, ERR_RETRY},
	{401, INVALID, "", false, NO_HINT, REFUND_ANSWER_CREDENTIALS, ERR_RETRY},
	{403, NULL, NULL, false, NO_HINT, REFUND_ANSWER_CREDENTIALS, ERR_RETRY},
	{424, "api_error", "", false, NO_HINT, REFUND_ANSWER_UNKNOWN, ERR_UNSURE},
	{500, "api_error", "", false, NO_HINT, REFUND_ANSWER_UNKNOWN, ERR_UNSURE},
	{502, NULL, NULL, false, NO_HINT, REFUND_ANSWER_UNKNOWN, ERR_UNSURE},
	{504, NULL, NULL, false, NO_HINT, REFUND_ANSWER_UNKNOWN, ERR_UNSURE},
	{302, NULL, NULL, false, NO_HINT, REFUND_ANSWER_UNKNOWN, ERR_UNSURE},
	{408, NULL, NULL, false, NO_HINT, REFUND_ANSWER_UNKNOWN, ERR_UNSURE},
	/* somebody in between answered with a page of his own */
	{400, NULL, NULL, false, NO_HINT, REFUND_ANSWER_UNKNOWN, ERR_UNSURE},
	{404, NULL, NULL, false, NO_HINT, REFUND_ANSWER_UNKNOWN, ERR_UNSURE},
	/* Stripe's hint: a no that asks for a repeat; an unknown outcome stays unknown whatever the hint */
	{400, INVALID, "", false, 1, REFUND_ANSWER_UNKNOWN, ERR_UNSURE},
	{500, "api_error", "", false, 0, REFUND_ANSWER_UNKNOWN, ERR_UNSURE},
	{400, INVALID, "charge_disputed", false, 1, REFUND_ANSWER_DISPUTED, ERR_REJECT},
	/* the key is frozen */
	{500, "api_error", "", true, NO_HINT, REFUND_ANSWER_REPLAYED_ERROR, ERR_UNSURE},
	{400, INVALID, "charge_already_refunded", true, NO_HINT, REFUND_ANSWER_REPLAYED_ERROR, ERR_UNSURE},
	{400, INVALID, "charge_disputed", true, NO_HINT, REFUND_ANSWER_DISPUTED, ERR_REJECT},
	{400, INVALID, "charge_not_refundable", true, NO_HINT, REFUND_ANSWER_REFUSED, ERR_REJECT},
};

Test(stripe_error, every_row_of_the_table_gives_its_answer_and_kind)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct stripe_error error = {0};
		enum refund_answer answer;

		snprintf(error.type, sizeof(error.type), "%s", row->type ? row->type : "");
		snprintf(error.code, sizeof(error.code), "%s", row->code ? row->code : "");
		answer = stripe_error_answer(row->http_status, row->type ? &error : NULL, row->replayed,
					     row->should_retry);
		cr_expect_eq(answer, row->answer, "row %zu (HTTP %d %s %s)", i, row->http_status, error.type,
			     error.code);
		cr_expect_eq(refund_answer_kind(answer), row->kind, "row %zu", i);
	}
}

Test(stripe_error, a_refund_is_ok_and_what_never_left_may_be_repeated)
{
	cr_assert_eq(refund_answer_kind(REFUND_ANSWER_REFUND), ERR_OK);
	cr_assert_eq(refund_answer_kind(REFUND_ANSWER_NOT_SENT), ERR_RETRY);
}
