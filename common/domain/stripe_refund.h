/* stripe_refund.h: a refund as Stripe reports it ("The Refund object"). Pure. */
#ifndef STRIPE_REFUND_H
#define STRIPE_REFUND_H

#include <stdbool.h>

#include "clock.h"
#include "err.h"
#include "money.h"

enum stripe_refund_status {
	STRIPE_REFUND_PENDING,
	STRIPE_REFUND_REQUIRES_ACTION,
	STRIPE_REFUND_SUCCEEDED,
	STRIPE_REFUND_FAILED,
	STRIPE_REFUND_CANCELED,
};

struct stripe_refund {
	char id[64]; /* re_... or pyr_... */
	char payment_intent[128];
	struct money amount;
	enum stripe_refund_status status;
	char failure_reason[64]; /* "" unless failed */
	char reference[64];      /* acquirer reference number when Stripe has it */
	char request_id[64];     /* Request-Id of the answer it came in, "" when from a list or event */
	char refund_id[40];      /* our refund's id out of the metadata, "" when made by hand */
	int generation;          /* out of the metadata, 0 when made by hand */
	struct instant created_at;
};

/* Neither failed nor canceled: the money is on its way, or there. */
bool stripe_refund_is_live(const struct stripe_refund *refund);

const char *stripe_refund_status_name(enum stripe_refund_status status);
bool stripe_refund_status_decode(const char *name, enum stripe_refund_status *ret_status) MUST_CHECK;

#endif
