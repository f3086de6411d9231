#include "sim.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_client.h"
#include "id.h"

static const char *need(const char *name)
{
	const char *value = getenv(name);

	cr_assert(value && value[0], "%s is not set: run through ./dev test integration", name);
	return value;
}

const char *sim_url(void)
{
	return need("UNBOOK_TEST_STRIPE_URL");
}

const char *sim_key(void)
{
	return need("UNBOOK_TEST_STRIPE_KEY");
}

struct stripe *sim_client_at(const char *url, const char *key)
{
	const struct stripe_options options = {
		.url = url, .key = key, .connect_ms = 1000, .timeout_ms = 2000};
	struct stripe *stripe = NULL;
	struct err err = {0};

	cr_assert_eq(stripe_open(&options, &stripe, &err), ERR_OK, "%s", err.msg);
	return stripe;
}

struct stripe *sim_client(void)
{
	return sim_client_at(sim_url(), sim_key());
}

const char *sim_post(const char *path, const char *fmt, ...)
{
	static char answer[HTTP_BODY_BYTES_MAX + 1];
	const struct http_client_options options = {
		.url = sim_url(), .connect_ms = 1000, .timeout_ms = 10000};
	HTTP_RESPONSE_SCOPE struct http_response response;
	struct http_client *client = NULL;
	struct err err = {0};
	char *body = NULL, *full = NULL;
	va_list args;

	va_start(args, fmt);
	cr_assert_geq(vasprintf(&body, fmt, args), 0);
	va_end(args);
	cr_assert_geq(asprintf(&full, "/_sim/%s", path), 0);
	http_response_init(&response);
	cr_assert_eq(http_client_open(&options, &client, &err), ERR_OK, "%s", err.msg);
	cr_assert_eq(
		http_client_call(client, &(struct http_request){.path = full, .form = body}, &response, &err),
		ERR_OK, "%s", err.msg);
	cr_assert_eq(response.status, 200, "%s %s: %s", path, body, response.body.data);
	snprintf(answer, sizeof(answer), "%s", response.body.data);
	http_client_close(client);
	free(body);
	free(full);
	return answer;
}

struct refund sim_refund(int64_t amount_minor)
{
	static char payment_intent[64];
	struct refund refund = {.booking_id = 7,
				.payment_intent = payment_intent,
				.captured = {amount_minor, "EUR"},
				.state = REFUND_SENDING,
				.generation = 1,
				.first_sent_at = INSTANT_NONE,
				.attempts = 1};
	const char *answer = sim_post("payment_intents", "{\"amount\":%lld,\"currency\":\"eur\"}",
				      (long long)amount_minor);

	cr_assert_eq(sscanf(answer, "{\"id\": \"%63[^\"]\"", payment_intent), 1, "%s", answer);
	id_uuid(refund.id);
	return refund;
}

void sim_fault(const struct refund *refund, const char *method, const char *kind, const char *rest)
{
	sim_post("faults", "{\"kind\":\"%s\",\"method\":\"%s\",\"path\":\"/v1/refunds*\"%s%s%s%s%s}", kind,
		 method, refund ? ",\"payment_intent\":\"" : "", refund ? refund->payment_intent : "",
		 refund ? "\"" : "", rest[0] ? "," : "", rest);
}
