#include "limits.h"

#include <stdio.h>
#include <stdlib.h>

#include "answer.h"
#include "key_limiter.h"
#include "metrics.h"

enum budget {
	BUDGET_ADDRESS,
	BUDGET_WEBHOOK, /* per address too: what parents do must not keep Stripe's events out, nor the other way round */
	BUDGET_USER,
	BUDGET_BOOK, /* per user, one route each */
	BUDGET_PAYMENT,
	BUDGET_CANCEL,
	BUDGETS,
	BUDGET_NONE = BUDGETS,
};

struct limits {
	struct key_limiter *budgets[BUDGETS]; /* NULL: no limit */
};

static const char *const names[BUDGETS] = {
	[BUDGET_ADDRESS] = "address", [BUDGET_WEBHOOK] = "webhook", [BUDGET_USER] = "user",
	[BUDGET_BOOK] = "book",       [BUDGET_PAYMENT] = "payment", [BUDGET_CANCEL] = "cancel",
};

static const struct {
	const char *pattern;
	enum budget budget;
} route_budgets[] = {
	{"/api/Sessions/book", BUDGET_BOOK},
	{"/api/Sessions/cancel-payment/{stripeSessionId}", BUDGET_PAYMENT},
	{"/api/Sessions/confirm-payment/{stripeSessionId}", BUDGET_PAYMENT},
	{"/api/Sessions/{id}/cancel", BUDGET_CANCEL},
};

static enum budget budget_of_route(const struct http_route *route)
{
	for (size_t i = 0; i < sizeof route_budgets / sizeof *route_budgets; i++)
		if (str_eq(route->pattern, route_budgets[i].pattern))
			return route_budgets[i].budget;
	return BUDGET_NONE;
}

enum err_kind limits_open(const struct api *api, struct limits **ret_limits, struct err *err)
{
	const struct api_settings *settings = api->settings;
	const int64_t per_minute[BUDGETS] = {
		[BUDGET_ADDRESS] = settings->limit_address, [BUDGET_WEBHOOK] = settings->limit_webhook,
		[BUDGET_USER] = settings->limit_user,       [BUDGET_BOOK] = settings->limit_book,
		[BUDGET_PAYMENT] = settings->limit_payment, [BUDGET_CANCEL] = settings->limit_cancel,
	};
	struct limits *limits = calloc(1, sizeof *limits);
	char prefix[96];

	if (!limits)
		return err_set(err, ERR_FATAL, "no_memory", "no memory for the limits");
	for (int i = 0; i < BUDGETS; i++) {
		struct key_limiter_options options = {.name = names[i],
						      .redis = api->redis,
						      .prefix = prefix,
						      .per_minute = per_minute[i],
						      .replicas = (int)settings->replicas};

		(void)snprintf(prefix, sizeof prefix, "unbook:limit:%s:%s:", api->link.instance_id, names[i]);
		if (options.per_minute && key_limiter_open(&options, &limits->budgets[i], err)) {
			limits_close(limits);
			return err->kind;
		}
	}
	*ret_limits = limits;
	return ERR_OK;
}

void limits_close(struct limits *limits)
{
	if (!limits)
		return;
	for (int i = 0; i < BUDGETS; i++)
		key_limiter_close(limits->budgets[i]);
	free(limits);
}

static const char *message_of(enum budget budget)
{
	switch (budget) {
	case BUDGET_ADDRESS:
	case BUDGET_WEBHOOK:
		return "Too many requests from your address; please wait a moment.";
	case BUDGET_USER:
		return "You asked for too much at once; please wait a moment.";
	case BUDGET_BOOK:
		return "You booked too often within a minute; please wait a moment.";
	case BUDGET_PAYMENT:
		return "You asked about payments too often within a minute; please wait a moment.";
	case BUDGET_CANCEL:
		return "You cancelled too often within a minute; please wait a moment.";
	case BUDGET_NONE:
		break;
	}
	return "";
}

static bool admit(struct api *api, struct http_request *request, struct http_response *response,
		  enum budget budget, const char *key)
{
	int64_t wait_ms = key_limiter_admit_ms(api->limits->budgets[budget], key);

	if (!wait_ms)
		return true;
	metric_add(METRIC(METRIC_COUNTER, "unbook_http_limited_total",
			  "Requests refused because of a limit, by limit.", {"limit", names[budget]}),
		   1);
	answer_too_many(request, response, message_of(budget), (wait_ms + 999) / 1000);
	return false;
}

bool limits_admit_address(struct api *api, struct http_request *request, struct http_response *response)
{
	struct address household = address_household(&request->client);
	bool is_stripe = request->route->pool == HTTP_POOL_WEBHOOK;
	char key[ADDRESS_TEXT_BYTES];

	if (request->route->pool == HTTP_POOL_INLINE)
		return true; /* pages and their files: cost next to nothing, and must not wait for Redis */
	address_encode(&household, key);
	return admit(api, request, response, is_stripe ? BUDGET_WEBHOOK : BUDGET_ADDRESS, key);
}

bool limits_admit_user(struct api *api, struct http_request *request, struct http_response *response,
		       const char *subject)
{
	enum budget budget = budget_of_route(request->route);

	return admit(api, request, response, BUDGET_USER, subject)
	       && (budget == BUDGET_NONE || admit(api, request, response, budget, subject));
}
