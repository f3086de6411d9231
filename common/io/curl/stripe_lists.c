/* stripe_lists.c: what Stripe has, for whoever compares it with the tables. */
#include "stripe_lists.h"

#include <inttypes.h>
#include <stdio.h>

#include "stripe_private.h"

#define PATH_BYTES_MAX 1024

void stripe_add_seconds(struct buf *path, const char *name, struct instant at)
{
	char number[24];

	if (instant_is_none(at))
		return;
	(void)snprintf(number, sizeof number, "%" PRId64, at.us / 1000000);
	http_form_add(path, name, number);
}

static enum err_kind call_list(struct stripe *stripe, const char *collection,
			       const struct stripe_list_query *query, struct http_response *response,
			       struct err *err)
{
	struct http_request request = {0};
	struct stripe_answer answer;
	struct buf path;
	enum err_kind kind;

	buf_init(&path, PATH_BYTES_MAX);
	buf_addf(&path, "%s?limit=100", collection);
	stripe_add_seconds(&path, "created[gte]", query->from);
	stripe_add_seconds(&path, "created[lt]", query->until);
	if (query->after)
		http_form_add(&path, "starting_after", query->after);
	request.path = path.data;
	kind = path.failed ? stripe_not_sent(&answer, "too_large", "the query does not fit", err)
			   : stripe_call(stripe, &request, response, &answer, err);
	buf_release(&path);
	return kind;
}

/* A page that cannot be read was not seen. */
static enum err_kind not_understood(const struct err *why, struct err *err)
{
	return err_set(err, ERR_UNSURE, "stripe_bad_answer", "%.120s", why->msg);
}

enum err_kind stripe_list_payments_page(struct stripe *stripe, const struct stripe_list_query *query,
					struct arena *arena, struct stripe_payment_page *ret_page,
					struct err *err)
{
	HTTP_RESPONSE_SCOPE struct http_response response;
	enum err_kind kind;
	struct err why;

	http_response_init(&response);
	kind = call_list(stripe, "/v1/payment_intents", query, &response, err);
	if (kind)
		return kind;
	if (stripe_payment_page_decode(response.body.data, response.body.len, arena, ret_page, &why))
		return not_understood(&why, err);
	return ERR_OK;
}

enum err_kind stripe_list_refunds_page(struct stripe *stripe, const struct stripe_list_query *query,
				       struct arena *arena, struct stripe_refund_page *ret_page,
				       struct err *err)
{
	HTTP_RESPONSE_SCOPE struct http_response response;
	enum err_kind kind;
	struct err why;

	http_response_init(&response);
	kind = call_list(stripe, "/v1/refunds", query, &response, err);
	if (kind)
		return kind;
	if (stripe_refund_page_decode(response.body.data, response.body.len, NULL, arena, ret_page, &why))
		return not_understood(&why, err);
	return ERR_OK;
}

enum err_kind stripe_get_payment(struct stripe *stripe, const char *id, struct stripe_payment *ret_payment,
				 struct stripe_answer *ret_answer, struct err *err)
{
	HTTP_RESPONSE_SCOPE struct http_response response;
	struct http_request request = {0};
	struct stripe_payment payment;
	enum err_kind kind;
	char path[160];
	struct err why;

	http_response_init(&response);
	if (!stripe_id_is_plain(id)
	    || snprintf(path, sizeof path, "/v1/payment_intents/%s", id) >= (int)sizeof path)
		return stripe_not_sent(ret_answer, "bad_payment_id", "the id is no PaymentIntent's", err);
	request.path = path;
	kind = stripe_call(stripe, &request, &response, ret_answer, err);
	if (kind)
		return kind;
	if (stripe_payment_decode(response.body.data, response.body.len, &payment, &why))
		return stripe_not_understood(ret_answer, &why, err);
	if (!str_eq(payment.id, id))
		return stripe_not_understood(
			ret_answer, &(struct err){.code = "not_ours", .msg = "another payment was answered"},
			err);
	*ret_payment = payment;
	return ERR_OK;
}
