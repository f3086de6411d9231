#include "refund_worker.h"

#define AT(member) offsetof(struct refund_worker_settings, member)

const struct conf_row refund_worker_rows[] = {
	COMMON_ROWS(struct refund_worker_settings, common),
	WORKER_ROWS(struct refund_worker_settings, worker),
	{.name = "UNBOOK_STRIPE_URL",
	 .type = CONF_URL,
	 .offset = AT(stripe_url),
	 .fallback = "https://api.stripe.com",
	 .choices = "https http",
	 .help = "Where Stripe answers; plain http is for loopback addresses only"},
	{.name = "UNBOOK_STRIPE_KEY",
	 .type = CONF_TEXT,
	 .offset = AT(stripe_key),
	 .secret = true,
	 .help = "Secret or restricted key (sk_test_, sk_live_, rk_...); its mode must be the database's"},
	{.name = "UNBOOK_REDIS_URL",
	 .type = CONF_URL,
	 .offset = AT(redis_url),
	 .fallback = "",
	 .choices = "redis",
	 .secret = true,
	 .help = "Where the refund budget is shared; without it each process keeps to rate / replicas"},
	SETTINGS_INT("UNBOOK_REFUND_RATE", AT(refund_rate), "20", 0, 10000,
		     "Refunds asked for per second over all processes; 0: no limit"),
	SETTINGS_INT("UNBOOK_REPLICAS", AT(replicas), "1", 1, 1000,
		     "How many processes share the budget while Redis is away"),
	SETTINGS_INT("UNBOOK_STRIPE_CONNECT_MS", AT(stripe_connect_ms), "3000", 10, 60000,
		     "Longest wait for a connection to Stripe, in ms"),
	SETTINGS_INT("UNBOOK_STRIPE_TIMEOUT_MS", AT(stripe_timeout_ms), "20000", 10, 120000,
		     "Longest call to Stripe in all, in ms; keep UNBOOK_LEASE_MS well above it"),
	SETTINGS_INT("UNBOOK_PENDING_MS", AT(pending_ms), "1209600000", 1000, 31536000000,
		     "A refund that Stripe keeps pending for so many ms raises an alarm, once"),
};
const size_t refund_worker_row_count = sizeof(refund_worker_rows) / sizeof(refund_worker_rows[0]);
