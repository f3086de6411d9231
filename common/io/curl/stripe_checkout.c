/* stripe_checkout.c: Checkout Sessions at Stripe: made, read, closed, found again. */
#include "stripe_checkout.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "id.h"
#include "stripe_private.h"

#define READ_SHARE     3 /* of the time to close a checkout a third is kept to read it */
#define FORM_BYTES_MAX 8192
#define PAGE_BYTES_MAX (4 * 1024 * 1024)
#define URL_TAIL       "?session_id={CHECKOUT_SESSION_ID}&type=session-booking"

static void add_number(struct buf *form, const char *name, int64_t value)
{
	char number[24];

	(void)snprintf(number, sizeof number, "%" PRId64, value);
	http_form_add(form, name, number);
}

static void add_item(struct buf *form, const struct booking *booking)
{
	char currency[4] = "";

	for (size_t i = 0; i < 3 && booking->price.currency[i]; i++)
		currency[i] = (char)(booking->price.currency[i] | 0x20);
	http_form_add(form, "line_items[0][price_data][currency]", currency);
	add_number(form, "line_items[0][price_data][unit_amount]", booking->price.minor);
	http_form_add(form, "line_items[0][price_data][product_data][name]",
		      booking->title && booking->title[0] ? booking->title : "Private session");
	http_form_add(form, "line_items[0][quantity]", "1");
}

/* Nothing but what is stored and set: the same key must find the same bytes. */
static void add_order(struct buf *form, const struct checkout_order *order)
{
	char url[1024];

	http_form_add(form, "mode", "payment");
	http_form_add(form, "payment_method_types[0]", "card");
	add_item(form, order->booking);
	add_number(form, "expires_at", order->booking->hold_expires_at.us / 1000000);
	add_number(form, "client_reference_id", order->booking->id);
	add_number(form, "metadata[booking_id]", order->booking->id);
	http_form_add(form, "metadata[instance_id]", order->instance_id);
	add_number(form, "payment_intent_data[metadata][booking_id]", order->booking->id);
	http_form_add(form, "payment_intent_data[metadata][instance_id]", order->instance_id);
	(void)snprintf(url, sizeof url, "%.900s/payment/success" URL_TAIL, order->frontend_url);
	http_form_add(form, "success_url", url);
	(void)snprintf(url, sizeof url, "%.900s/payment/cancel" URL_TAIL, order->frontend_url);
	http_form_add(form, "cancel_url", url);
}

static enum err_kind read_checkout(const struct http_response *response, const char *id,
				   struct checkout *ret_checkout, struct stripe_answer *answer,
				   struct err *err)
{
	struct checkout checkout;
	struct err why;

	if (stripe_checkout_decode(response->body.data, response->body.len, &checkout, &why))
		return stripe_not_understood(answer, &why, err);
	if (id && strcmp(checkout.id, id) != 0)
		return stripe_not_understood(
			answer, &(struct err){.code = "not_ours", .msg = "another checkout was answered"},
			err);
	*ret_checkout = checkout;
	return ERR_OK;
}

enum err_kind stripe_create_checkout(struct stripe *stripe, const struct checkout_order *order,
				     const char *traceparent, struct checkout *ret_checkout,
				     struct stripe_answer *ret_answer, struct err *err)
{
	char key[CHECKOUT_KEY_BYTES];
	const struct stripe_post post = {.path = "/v1/checkout/sessions",
					 .crash_point = "book.after_post",
					 .key = key,
					 .traceparent = traceparent};
	HTTP_RESPONSE_SCOPE struct http_response response;
	struct buf form;
	enum err_kind kind;

	http_response_init(&response);
	checkout_key(order->instance_id, order->booking->id, key);
	buf_init(&form, FORM_BYTES_MAX);
	add_order(&form, order);
	kind = stripe_post_keyed(stripe, &post, &form, &response, ret_answer, err);
	return kind ? kind : read_checkout(&response, NULL, ret_checkout, ret_answer, err);
}

/* What is asked of one checkout. */
struct question {
	const char *tail, *form; /* GET the checkout, or POST to what stands behind it */
	int64_t deadline_ms;
};

static enum err_kind ask(struct stripe *stripe, const char *id, const struct question *question,
			 struct checkout *ret_checkout, struct stripe_answer *answer, struct err *err)
{
	struct http_request request = {.form = question->form,
				       .deadline_ms = question->deadline_ms,
				       .crash_point = question->form ? "reap.after_post" : NULL};
	HTTP_RESPONSE_SCOPE struct http_response response;
	char path[CHECKOUT_ID_BYTES + 80];
	enum err_kind kind;

	http_response_init(&response);
	if (!checkout_id_is_valid(id))
		return stripe_not_sent(answer, "bad_checkout_id", "the id is no Checkout Session's", err);
	(void)snprintf(path, sizeof path, "/v1/checkout/sessions/%s%s", id, question->tail);
	request.path = path;
	kind = stripe_call(stripe, &request, &response, answer, err);
	return kind ? kind : read_checkout(&response, id, ret_checkout, answer, err);
}

static enum err_kind get_checkout(struct stripe *stripe, const char *id, int64_t deadline_ms,
				  struct checkout *ret_checkout, struct stripe_answer *answer,
				  struct err *err)
{
	const struct question question = {.tail = "?expand%5B%5D=payment_intent", .deadline_ms = deadline_ms};

	return ask(stripe, id, &question, ret_checkout, answer, err);
}

enum err_kind stripe_get_checkout(struct stripe *stripe, const char *id, struct checkout *ret_checkout,
				  struct stripe_answer *ret_answer, struct err *err)
{
	return get_checkout(stripe, id, stripe_deadline(stripe), ret_checkout, ret_answer, err);
}

/* Stripe would not expire it: what has become of it instead. */
static enum err_kind look_why(struct stripe *stripe, const char *id, int64_t deadline_ms,
			      struct checkout *ret_checkout, struct stripe_answer *ret_answer,
			      struct err *err)
{
	enum err_kind kind = get_checkout(stripe, id, deadline_ms, ret_checkout, ret_answer, err);

	if (kind && kind != ERR_REJECT)
		return err_set(err, ERR_RETRY, STRIPE_NOT_OPEN,
			       "Stripe would not expire it, nor say in time why");
	if (!kind && ret_checkout->status == CHECKOUT_OPEN)
		return err_set(err, ERR_RETRY, "still_open", "Stripe would not expire it, though it is open");
	return kind;
}

enum err_kind stripe_close_checkout(struct stripe *stripe, const char *id, struct checkout *ret_checkout,
				    struct stripe_answer *ret_answer, struct err *err)
{
	int64_t until_ms = stripe_deadline(stripe);
	const struct question expire = {.tail = "/expire",
					.form = "",
					.deadline_ms = until_ms - deadline_left_ms(until_ms) / READ_SHARE};
	enum err_kind kind = ask(stripe, id, &expire, ret_checkout, ret_answer, err);
	struct stripe_answer answer;
	struct checkout checkout = {0};
	struct err unread;

	if (kind == ERR_OK && ret_checkout->status == CHECKOUT_EXPIRED)
		return ERR_OK;
	if (kind == ERR_OK || ret_answer->refund_answer == REFUND_ANSWER_REFUSED)
		return look_why(stripe, id, until_ms, ret_checkout, ret_answer, err);
	if (get_checkout(stripe, id, until_ms, &checkout, &answer, &unread)
	    || checkout.status == CHECKOUT_OPEN)
		return kind;
	*ret_checkout = checkout;
	*ret_answer = answer;
	return ERR_OK;
}

/* Where a search stands. */
struct search {
	struct stripe *stripe;
	const struct checkout_order *order;
	int64_t from_s;
	char after[CHECKOUT_ID_BYTES]; /* "" at the start and after the last page */
	struct checkout found;
};

static enum err_kind read_page(struct search *search, const struct http_response *response,
			       struct stripe_answer *answer, struct err *err)
{
	struct stripe_checkout_page page = {0};
	enum err_kind kind = ERR_OK;
	struct arena arena;
	struct err why;

	arena_init(&arena, PAGE_BYTES_MAX);
	if (stripe_checkout_page_decode(response->body.data, response->body.len, &arena, &page, &why))
		kind = stripe_not_understood(answer, &why, err);
	for (size_t i = 0; i < page.count && !search->found.id[0]; i++) {
		const struct checkout *checkout = &page.checkouts[i];

		if (checkout->booking_id == search->order->booking->id
		    && str_eq(checkout->instance_id, search->order->instance_id))
			search->found = *checkout;
	}
	search->after[0] = '\0';
	if (page.has_more && !str_copy(search->after, sizeof search->after, page.last_id))
		kind = stripe_not_understood(
			answer, &(struct err){.code = "bad_object", .msg = "last id of a page"}, err);
	arena_release(&arena);
	return kind;
}

/* Stripe makes no checkout that has less than half an hour to go. */
static void add_search_end(struct buf *path, const struct booking *booking)
{
	if (!instant_is_none(booking->hold_expires_at))
		add_number(path, "created[lt]", (booking->hold_expires_at.us + CHECKOUT_OLDER_US) / 1000000);
}

static enum err_kind search_page(struct search *search, struct stripe_answer *answer, struct err *err)
{
	HTTP_RESPONSE_SCOPE struct http_response response;
	struct http_request request = {0};
	struct buf path;
	enum err_kind kind;

	http_response_init(&response);
	buf_init(&path, FORM_BYTES_MAX);
	buf_addf(&path, "/v1/checkout/sessions?limit=100");
	add_number(&path, "created[gte]", search->from_s);
	add_search_end(&path, search->order->booking);
	if (search->after[0])
		http_form_add(&path, "starting_after", search->after);
	request.path = path.data;
	kind = path.failed ? stripe_not_sent(answer, "too_large", "the search does not fit", err)
			   : stripe_call(search->stripe, &request, &response, answer, err);
	buf_release(&path);
	return kind ? kind : read_page(search, &response, answer, err);
}

enum err_kind stripe_find_checkout(struct stripe *stripe, const struct checkout_order *order,
				   struct instant from, struct checkout *ret_checkout,
				   struct stripe_answer *ret_answer, struct err *err)
{
	struct search search = {.stripe = stripe, .order = order, .from_s = from.us / 1000000};

	for (int pages = 0; pages < STRIPE_LIST_PAGES_MAX; pages++) {
		enum err_kind kind = search_page(&search, ret_answer, err);

		if (kind)
			return kind;
		if (search.found.id[0] || !search.after[0]) {
			*ret_checkout = search.found;
			return ERR_OK;
		}
	}
	return err_set(err, ERR_UNSURE, "too_many", "not found in %d pages", STRIPE_LIST_PAGES_MAX);
}
