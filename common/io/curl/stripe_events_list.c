/* stripe_events_list.c: what Stripe says has happened, for whoever missed its webhooks. */
#include <stdio.h>

#include "stripe_checkout.h"
#include "stripe_private.h"

#define PATH_BYTES_MAX 4096

/* Where objects are listed, and the type of event that would tell of one. */
static const struct {
	const char *path, *type;
} sources[] = {
	[STRIPE_EVENTS] = {"/v1/events", NULL},
	[STRIPE_PAYMENTS] = {"/v1/payment_intents", "payment_intent.succeeded"},
	[STRIPE_REFUNDS] = {"/v1/refunds", "refund.updated"},
	[STRIPE_DISPUTES] = {"/v1/disputes", "charge.dispute.created"},
	[STRIPE_CHECKOUTS] = {"/v1/checkout/sessions", "checkout.session.completed"},
};

static void add_word(struct buf *path, const char *name, const char *word)
{
	if (word && word[0])
		http_form_add(path, name, word);
}

static void add_query(struct buf *path, const struct stripe_events_query *query)
{
	buf_addf(path, "%s?limit=100", sources[query->source].path);
	stripe_add_seconds(path, "created[gte]", query->from);
	stripe_add_seconds(path, "created[lte]", query->until);
	add_word(path, "delivery_success", query->undelivered ? "false" : NULL);
	add_word(path, "payment_intent", query->payment_intent);
	add_word(path, "starting_after", query->after);
	for (int i = 0; query->types && query->types[i]; i++) {
		char name[24];

		(void)snprintf(name, sizeof name, "types[%d]", i);
		http_form_add(path, name, query->types[i]);
	}
}

enum err_kind stripe_list_events(struct stripe *stripe, const struct stripe_events_query *query,
				 struct arena *arena, struct stripe_event_page *ret_page,
				 struct stripe_answer *ret_answer, struct err *err)
{
	const struct stripe_event_mould mould = {sources[query->source].type, stripe_is_live(stripe)};
	HTTP_RESPONSE_SCOPE struct http_response response;
	struct http_request request = {0};
	struct buf path;
	enum err_kind kind;
	struct err why;

	http_response_init(&response);
	buf_init(&path, PATH_BYTES_MAX);
	add_query(&path, query);
	request.path = path.data;
	kind = path.failed ? stripe_not_sent(ret_answer, "too_large", "the query does not fit", err)
			   : stripe_call(stripe, &request, &response, ret_answer, err);
	buf_release(&path);
	if (kind)
		return kind;
	kind = mould.type ? stripe_object_page_decode(response.body.data, response.body.len, &mould, arena,
						      ret_page, &why)
			  : stripe_event_page_decode(response.body.data, response.body.len, arena, ret_page,
						     &why);
	return kind ? stripe_not_understood(ret_answer, &why, err) : ERR_OK;
}
