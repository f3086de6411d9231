/* stripe.c: refunds at Stripe, and what each answer means. */
#include "stripe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "http_client.h"
#include "stripe_object.h"
#include "stripe_private.h"

/* Pinned, so that an upgrade of the account's default changes nothing here. */
#define STRIPE_VERSION "2025-04-30.basil"

#define LIST_BYTES_MAX    (256 * 1024)
#define RETRY_AFTER_S_MAX 3600
#define PAYMENT_BYTES_MAX 128
#define FORM_BYTES_MAX    1024
#define KEY_BYTES_MAX     255 /* Stripe's limit */

struct stripe {
	struct http_client *http;
	char *authorization; /* secret */
	int64_t timeout_ms;
	bool is_live;
};

static bool key_mode(const char *key, bool *ret_is_live)
{
	*ret_is_live = str_starts(key, "sk_live_") || str_starts(key, "rk_live_");
	return (*ret_is_live || str_starts(key, "sk_test_") || str_starts(key, "rk_test_"))
	       && str_is_printable(key);
}

enum err_kind stripe_check_key(const char *key, struct err *err)
{
	bool is_live;

	return key_mode(key, &is_live) ? ERR_OK
				       : err_set(err, ERR_FATAL, "stripe_config",
						 "must begin with sk_test_, sk_live_, rk_test_ or rk_live_");
}

enum err_kind stripe_open(const struct stripe_options *options, struct stripe **ret_stripe, struct err *err)
{
	const struct http_client_options http = {
		.url = options->url, .connect_ms = options->connect_ms, .timeout_ms = options->timeout_ms};
	struct stripe *stripe;
	bool is_live;

	if (!key_mode(options->key, &is_live))
		return stripe_check_key(options->key, err);
	stripe = calloc(1, sizeof *stripe);
	if (!stripe || asprintf(&stripe->authorization, "Authorization: Bearer %s", options->key) < 0) {
		free(stripe);
		return err_set(err, ERR_FATAL, "stripe_config", "out of memory");
	}
	stripe->is_live = is_live;
	stripe->timeout_ms = options->timeout_ms;
	if (http_client_open(&http, &stripe->http, err)) {
		stripe_close(stripe);
		return err_set(
			err, ERR_FATAL, "stripe_config",
			"Stripe's url must be https, or http to a loopback address, without user, query and fragment");
	}
	*ret_stripe = stripe;
	return ERR_OK;
}

void stripe_close(struct stripe *stripe)
{
	if (!stripe)
		return;
	http_client_close(stripe->http);
	explicit_bzero(stripe->authorization, strlen(stripe->authorization));
	free(stripe->authorization);
	free(stripe);
}

int64_t stripe_deadline(const struct stripe *stripe)
{
	return deadline_in_ms(stripe->timeout_ms);
}

bool stripe_is_live(const struct stripe *stripe)
{
	return stripe->is_live;
}

static bool header_is(const struct http_response *response, const char *name, const char *word)
{
	char value[16];

	http_response_header(response, name, value, sizeof value);
	return str_ieq(value, word);
}

static void read_headers(const struct http_response *response, struct stripe_answer *answer)
{
	char seconds[16];
	int64_t wait_s = 0;

	answer->http_status = (int)response->status;
	answer->replayed = header_is(response, "Idempotent-Replayed", "true");
	answer->should_retry = header_is(response, "Stripe-Should-Retry", "true")    ? 1
			       : header_is(response, "Stripe-Should-Retry", "false") ? 0
										     : -1;
	http_response_header(response, "Request-Id", answer->request_id, sizeof answer->request_id);
	if (!str_is_printable(answer->request_id))
		answer->request_id[0] = '\0';
	http_response_header(response, "Retry-After", seconds, sizeof seconds);
	if (str_to_int64(seconds, &wait_s) && wait_s > 0)
		answer->retry_after_ms = (wait_s < RETRY_AFTER_S_MAX ? wait_s : RETRY_AFTER_S_MAX) * 1000;
}

/* An answer that is no object: which row of the table. */
static enum err_kind refused(const struct http_response *response, struct stripe_answer *answer,
			     struct err *err)
{
	struct stripe_error error = {0};
	bool is_stripes = !stripe_error_decode(response->body.data, response->body.len, &error, NULL);
	const char *code = error.code[0] ? error.code : error.type;

	answer->refund_answer = stripe_error_answer(answer->http_status, is_stripes ? &error : NULL,
						    answer->replayed, answer->should_retry);
	(void)str_copy(answer->code, sizeof answer->code, code);
	(void)str_copy(answer->param, sizeof answer->param, error.param);
	return err_set(err, refund_answer_kind(answer->refund_answer), "stripe_refused", "HTTP %d %s%s%s%s",
		       answer->http_status, code, error.param[0] ? " about " : "", error.param,
		       answer->replayed ? " (replayed)" : "");
}

enum err_kind stripe_not_understood(struct stripe_answer *answer, const struct err *why, struct err *err)
{
	answer->refund_answer = REFUND_ANSWER_UNKNOWN;
	(void)str_copy(answer->code, sizeof answer->code, why->code);
	return err_set(err, ERR_UNSURE, "stripe_bad_answer", "HTTP %d: %.120s", answer->http_status,
		       why->msg);
}

enum err_kind stripe_call(struct stripe *stripe, struct http_request *request,
			  struct http_response *ret_response, struct stripe_answer *answer, struct err *err)
{
	enum err_kind kind;
	int i = 0;

	*answer = (struct stripe_answer){.should_retry = -1};
	while (request->headers[i])
		i++;
	request->headers[i++] = stripe->authorization;
	request->headers[i] = "Stripe-Version: " STRIPE_VERSION;
	kind = http_client_call(stripe->http, request, ret_response, err);
	if (kind) {
		answer->refund_answer = kind == ERR_RETRY ? REFUND_ANSWER_NOT_SENT : REFUND_ANSWER_UNKNOWN;
		(void)str_copy(answer->code, sizeof answer->code, err ? err->code : "http_failed");
		return kind;
	}
	read_headers(ret_response, answer);
	if (answer->http_status < 200 || answer->http_status > 299)
		return refused(ret_response, answer, err);
	answer->refund_answer = REFUND_ANSWER_REFUND;
	return ERR_OK;
}

/* "payment_intent" or "charge", whichever the row's payment is; NULL when it is neither (then nothing is
 * sent). */
static const char *payment_field(const char *payment)
{
	if (!payment || !str_is_printable(payment) || strlen(payment) >= PAYMENT_BYTES_MAX)
		return NULL;
	if (str_starts(payment, "ch_") || str_starts(payment, "py_"))
		return "charge";
	return str_starts(payment, "pi_") ? "payment_intent" : NULL;
}

enum err_kind stripe_not_sent(struct stripe_answer *answer, const char *code, const char *why,
			      struct err *err)
{
	*answer = (struct stripe_answer){.should_retry = -1, .refund_answer = REFUND_ANSWER_REFUSED};
	(void)str_copy(answer->code, sizeof answer->code, code);
	return err_set(err, ERR_REJECT, code, "%s", why);
}

enum err_kind stripe_post_keyed(struct stripe *stripe, const struct stripe_post *post, struct buf *form,
				struct http_response *ret_response, struct stripe_answer *ret_answer,
				struct err *err)
{
	struct http_request request = {
		.path = post->path, .crash_point = post->crash_point, .form = form->data};
	char key[KEY_BYTES_MAX + 32], trace[96];
	enum err_kind kind;

	(void)snprintf(key, sizeof key, "Idempotency-Key: %.*s", KEY_BYTES_MAX, post->key);
	request.headers[0] = key;
	if (post->traceparent && post->traceparent[0] && str_is_printable(post->traceparent)) {
		(void)snprintf(trace, sizeof trace, "traceparent: %s", post->traceparent);
		request.headers[1] = trace;
	}
	kind = form->failed ? stripe_not_sent(ret_answer, "too_large", "the form does not fit", err)
			    : stripe_call(stripe, &request, ret_response, ret_answer, err);
	buf_release(form);
	return kind;
}

static enum err_kind no_payment(struct stripe_answer *answer, struct err *err)
{
	return stripe_not_sent(answer, "no_payment", "the row names no PaymentIntent and no charge", err);
}

static void add_refund_form(struct buf *form, const struct refund *refund)
{
	char number[24];

	http_form_add(form, payment_field(refund->payment_intent), refund->payment_intent);
	http_form_add(form, "reason", "requested_by_customer");
	http_form_add(form, "metadata[refund_id]", refund->id);
	(void)snprintf(number, sizeof number, "%lld", (long long)refund->booking_id);
	http_form_add(form, "metadata[booking_id]", number);
	(void)snprintf(number, sizeof number, "%d", refund->generation);
	http_form_add(form, "metadata[generation]", number);
}

static void remember(struct stripe_answer *answer, const struct stripe_refund *found)
{
	if (answer->seen_count < STRIPE_SEEN_MAX)
		answer->seen[answer->seen_count++] = *found;
}

static enum err_kind read_one(const struct http_response *response, const struct refund *refund,
			      struct stripe_answer *answer, struct err *err)
{
	struct stripe_refund found;
	struct err why;

	if (stripe_refund_decode(response->body.data, response->body.len, refund->payment_intent, &found,
				 &why))
		return stripe_not_understood(answer, &why, err);
	(void)str_copy(found.request_id, sizeof found.request_id, answer->request_id);
	answer->refund = found;
	remember(answer, &found);
	return ERR_OK;
}

enum err_kind stripe_create_refund(struct stripe *stripe, const struct refund *refund,
				   const char *traceparent, struct stripe_answer *ret_answer, struct err *err)
{
	char key[REFUND_KEY_BYTES];
	const struct stripe_post post = {.path = "/v1/refunds",
					 .crash_point = "refund.after_post",
					 .key = key,
					 .traceparent = traceparent};
	HTTP_RESPONSE_SCOPE struct http_response response;
	struct buf form;
	enum err_kind kind;

	http_response_init(&response);
	if (!payment_field(refund->payment_intent))
		return no_payment(ret_answer, err);
	refund_key(refund, key);
	buf_init(&form, FORM_BYTES_MAX);
	add_refund_form(&form, refund);
	kind = stripe_post_keyed(stripe, &post, &form, &response, ret_answer, err);
	return kind ? kind : read_one(&response, refund, ret_answer, err);
}

bool stripe_id_is_plain(const char *id)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

	return id[0] && strspn(id, plain) == strlen(id);
}

enum err_kind stripe_get_refund(struct stripe *stripe, const struct refund *refund, const char *id,
				struct stripe_answer *ret_answer, struct err *err)
{
	struct http_request request = {0};
	HTTP_RESPONSE_SCOPE struct http_response response;
	char path[128];
	enum err_kind kind;

	http_response_init(&response);
	if (!stripe_id_is_plain(id) || strlen(id) >= sizeof ret_answer->refund.id)
		return no_payment(ret_answer, err);
	(void)snprintf(path, sizeof path, "/v1/refunds/%s", id);
	request.path = path;
	kind = stripe_call(stripe, &request, &response, ret_answer, err);
	if (!kind)
		kind = read_one(&response, refund, ret_answer, err);
	if (!kind && !str_eq(ret_answer->refund.id, id)) {
		const struct err why = {.code = "not_ours", .msg = "another refund was answered"};

		kind = stripe_not_understood(ret_answer, &why, err);
	}
	return kind;
}

/* Where a list stands. after: the last id of the page before, "" at the start and after the last page. */
struct listing {
	struct stripe *stripe;
	const struct refund *refund;
	struct refund_list sums;
	char after[64];
};

static enum err_kind read_page(struct listing *listing, const struct http_response *response,
			       struct stripe_answer *answer, struct err *err)
{
	struct stripe_refund_page page = {0};
	enum err_kind kind = ERR_OK;
	struct arena arena;
	struct err why;

	arena_init(&arena, LIST_BYTES_MAX);
	if (stripe_refund_page_decode(response->body.data, response->body.len,
				      listing->refund->payment_intent, &arena, &page, &why))
		kind = stripe_not_understood(answer, &why, err);
	listing->after[0] = '\0';
	for (size_t i = 0; i < page.count; i++) {
		refund_list_add(&listing->sums, listing->refund, &page.refunds[i]);
		remember(answer, &page.refunds[i]);
		if (page.has_more && i + 1 == page.count)
			(void)str_copy(listing->after, sizeof listing->after, page.refunds[i].id);
	}
	arena_release(&arena);
	return kind;
}

static enum err_kind list_page(struct listing *listing, struct stripe_answer *answer, struct err *err)
{
	HTTP_RESPONSE_SCOPE struct http_response response;
	const char *payment = listing->refund->payment_intent;
	struct http_request request = {0};
	struct buf path;
	enum err_kind kind;

	http_response_init(&response);
	buf_init(&path, FORM_BYTES_MAX);
	buf_addf(&path, "/v1/refunds?limit=100");
	http_form_add(&path, payment_field(payment), payment);
	if (listing->after[0])
		http_form_add(&path, "starting_after", listing->after);
	request.path = path.data;
	kind = path.failed ? no_payment(answer, err)
			   : stripe_call(listing->stripe, &request, &response, answer, err);
	buf_release(&path);
	return kind ? kind : read_page(listing, &response, answer, err);
}

enum err_kind stripe_list_refunds(struct stripe *stripe, const struct refund *refund,
				  struct refund_list *ret_list, struct stripe_answer *ret_answer,
				  struct err *err)
{
	struct listing listing = {.stripe = stripe, .refund = refund, .sums = {.listed = true}};

	if (!payment_field(refund->payment_intent))
		return no_payment(ret_answer, err);
	for (int pages = 0; !listing.sums.whole && pages < STRIPE_LIST_PAGES_MAX; pages++) {
		enum err_kind kind = list_page(&listing, ret_answer, err);

		if (kind)
			return kind;
		listing.sums.whole = !listing.after[0];
	}
	*ret_list = listing.sums;
	return ERR_OK;
}
