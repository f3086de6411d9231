/* stripe_events_list.c: what Stripe says has happened, for whoever missed its webhooks. */
#include <inttypes.h>
#include <stdio.h>

#include "stripe_checkout.h"
#include "stripe_private.h"

#define PATH_BYTES_MAX 4096

static void add_query(struct buf *path, const struct stripe_events_query *query)
{
	char number[24];

	buf_addf(path, "/v1/events?limit=100");
	if (!instant_is_none(query->from)) {
		(void)snprintf(number, sizeof number, "%" PRId64, query->from.us / 1000000);
		http_form_add(path, "created[gte]", number);
	}
	if (query->undelivered)
		http_form_add(path, "delivery_success", "false");
	if (query->after && query->after[0])
		http_form_add(path, "starting_after", query->after);
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
	if (stripe_event_page_decode(response.body.data, response.body.len, arena, ret_page, &why))
		return stripe_not_understood(ret_answer, &why, err);
	return ERR_OK;
}
