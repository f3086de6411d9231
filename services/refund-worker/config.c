#include "refund_worker.h"

#define AT(member) offsetof(struct refund_worker_settings, member)

const struct conf_row refund_worker_rows[] = {
	COMMON_ROWS(struct refund_worker_settings, common),
	WORKER_ROWS(struct refund_worker_settings, worker),
	STRIPE_ROWS(struct refund_worker_settings, stripe),
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
	SETTINGS_INT("UNBOOK_PENDING_MS", AT(pending_ms), "1209600000", 1000, 31536000000,
		     "A refund that Stripe keeps pending for so many ms raises an alarm, once"),
};
const size_t refund_worker_row_count = sizeof(refund_worker_rows) / sizeof(refund_worker_rows[0]);
