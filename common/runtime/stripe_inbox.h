/* stripe_inbox.h: a worker handler for the Stripe events that a service owns: claimed by what `stripe.events` names or by the sweep,
 * believed by the verified bytes in stripe_events alone, applied, and marked as applied. */
#ifndef STRIPE_INBOX_H
#define STRIPE_INBOX_H

#include <stdbool.h>

#include "settings.h"
#include "stripe_checkout_object.h"
#include "worker.h"

struct stripe_inbox {
	const char *name;         /* of the handler */
	const char *const *types; /* prefixes of the types that are ours, at most 4, NULL-terminated */
	const struct worker_settings *settings;
	bool is_live; /* events of the other mode are refused */
	void *context;
	/* Do what the event calls for; doing it again must be harmless. *ret_note: why there was nothing to do, static, may stay NULL.
	 * ERR_RETRY, ERR_UNSURE: again later. ERR_REJECT: never, with an alarm and a dead letter. */
	enum err_kind (*apply)(void *context, struct pg_pool *db, const struct job *job,
			       const struct stripe_event *event, const char **ret_note, struct err *err);
};

/* inbox is borrowed while the worker is open. */
void stripe_inbox_handler_init(struct stripe_inbox *inbox, struct worker_handler *ret_handler);

#endif
