/* webhook.c: POST /api/stripe/webhook. Only what Stripe has signed lately is believed; what is believed is stored before it is answered
 * (design.md rule 11). What it means is the workers' business. */
#include "answer.h"
#include "crash_point.h"
#include "metrics.h"
#include "stripe_intake.h"
#include "stripe_signature.h"

#define POOL_WAIT_MS 2000

static void refuse(struct http_request *request, struct http_response *response, const char *code,
		   const char *message, const char *why)
{
	metric_add(METRIC(METRIC_COUNTER, "unbook_webhooks_refused_total",
			  "Webhooks that were not believed, by reason.", {"reason", why}),
		   1);
	answer_error(request, response, &(struct answer_error){400, code, message, NULL});
}

static enum err_kind verify(const struct api *api, const struct http_request *request, struct err *err)
{
	const struct stripe_signed what = {.header = http_request_header(request, "Stripe-Signature"),
					   .body = request->body,
					   .len = request->body_len,
					   .now = clock_system()->now(clock_system())};

	return stripe_signature_verify(&what, api->webhook_secrets.list, err);
}

static enum err_kind store(struct api *api, struct http_request *request, const struct stripe_event *event,
			   struct err *err)
{
	const struct stripe_intake intake = {.event = event,
					     .body = request->body,
					     .body_len = request->body_len,
					     .instance_id = api->link.instance_id,
					     .traceparent = request->traceparent,
					     .doorbell_ms = api->settings->doorbell_ms,
					     .arena = request->arena};
	enum err_kind kind;
	struct pg *db;
	bool is_new;

	if (pg_pool_take(api->db, POOL_WAIT_MS, &db, err))
		return err->kind;
	kind = stripe_intake_take(db, &intake, &is_new, err);
	pg_pool_give(api->db, db);
	CRASH_POINT("webhook.after_commit");
	if (!kind && is_new)
		relay_poke(api->relay);
	return kind;
}

void api_webhook(void *context, struct http_request *request, struct http_response *response)
{
	struct api *api = context;
	struct stripe_event event;
	struct err err = {0};

	if (verify(api, request, &err)) {
		refuse(request, response, "bad_signature", "The signature does not verify.", err.code);
		return;
	}
	if (stripe_event_decode(request->body, request->body_len, request->arena, &event, &err)) {
		refuse(request, response, "invalid_event", "This is not an event of Stripe.", err.code);
		return;
	}
	if (event.is_live != stripe_is_live(api->link.stripe)) {
		refuse(request, response, "wrong_mode", "This is not the mode of this database.",
		       "wrong_mode");
		return;
	}
	if (store(api, request, &event, &err)) {
		answer_database_error(request, response, &err);
		return;
	}
	answer_open(response, "");
	buf_add(&response->body, "true");
	answer_close(response, clock_system()->now(clock_system()));
}
