/* stripe_link.h: Stripe as a service needs it: the client, and proof that its key belongs to this database's mode. */
#ifndef STRIPE_LINK_H
#define STRIPE_LINK_H

#include "http_url.h"
#include "instance.h"
#include "settings.h"
#include "stripe.h"

struct stripe_link {
	struct stripe *stripe; /* NULL until it is open; the caller closes it */
	char instance_id[INSTANCE_ID_BYTES];
};

struct stripe_settings {
	char *url;
	char *key;
	int64_t connect_ms;
	int64_t timeout_ms;
};

#define STRIPE_ROWS(holder, member)                                                                                 \
	{.name = "UNBOOK_STRIPE_URL",                                                                               \
	 .type = CONF_URL,                                                                                          \
	 .offset = offsetof(holder, member.url),                                                                    \
	 .fallback = "https://api.stripe.com",                                                                      \
	 .choices = "https http",                                                                                   \
	 .check = http_url_check,                                                                                   \
	 .help = "Where Stripe answers; plain http is for loopback addresses only"},                                \
		{.name = "UNBOOK_STRIPE_KEY",                                                                       \
		 .type = CONF_TEXT,                                                                                 \
		 .offset = offsetof(holder, member.key),                                                            \
		 .secret = true,                                                                                    \
		 .check = stripe_check_key,                                                                         \
		 .help = "Secret or restricted key (sk_test_, sk_live_, rk_...); its mode must be the database's"}, \
		SETTINGS_INT("UNBOOK_STRIPE_CONNECT_MS", offsetof(holder, member.connect_ms), "3000", 10,           \
			     60000, "Longest wait for a connection to Stripe, in ms"),                              \
		SETTINGS_INT("UNBOOK_STRIPE_TIMEOUT_MS", offsetof(holder, member.timeout_ms), "20000", 10,          \
			     120000,                                                                                \
			     "Longest call to Stripe in all, in ms; keep UNBOOK_LEASE_MS well above it")

/* Open the client and claim the database's mode. Waits for PostgreSQL as long as it takes, or until the service has to stop (then
 * ERR_RETRY); one line in the log says that it waits, one that PostgreSQL is there. application: for PostgreSQL. Errors ERR_FATAL
 * stripe_config, wrong_mode: bad settings (stripe_link_refuse). On an error ret_link->stripe may be open all the same. */
enum err_kind stripe_link_open(const struct common_settings *common, const struct stripe_settings *settings,
			       const char *application, struct stripe_link *ret_link,
			       struct err *err) MUST_CHECK;

/* What run() makes of such an error: bad settings end the process with exit 78, a stop while waiting is a clean end. Returns what run()
 * returns. */
enum err_kind stripe_link_refuse(enum err_kind kind, const struct err *err);

#endif
