/* webhook.h: the secrets that Stripe signs its webhooks with. */
#ifndef WEBHOOK_H
#define WEBHOOK_H

#include <stddef.h>

#include "err.h"

#define WEBHOOK_SECRETS_MAX 4

struct webhook_secrets {
	char *text; /* wiped on release */
	size_t len;
	const char *list[WEBHOOK_SECRETS_MAX + 1]; /* NULL ends */
};

/* text: "whsec_...", or several with commas between them while one is being rolled. Errors ERR_FATAL bad_secret. */
enum err_kind webhook_secrets_init(struct webhook_secrets *secrets, const char *text,
				   struct err *err) MUST_CHECK;
void webhook_secrets_release(struct webhook_secrets *secrets);

#endif
