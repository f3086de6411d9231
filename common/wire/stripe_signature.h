/* stripe_signature.h: did Stripe send these bytes, and lately? Source: Stripe docs "Webhooks", the
 * Stripe-Signature header; stripe.md sections 5 and 8. Pure. */
#ifndef STRIPE_SIGNATURE_H
#define STRIPE_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"

#define STRIPE_SIGNATURE_TOLERANCE_S  300
#define STRIPE_SIGNATURE_HEADER_BYTES 4096

/* header: "t=<unix>,v1=<hex>[,v1=<hex>...]" ; other schemes are ignored. body: the raw bytes, as they
 * came. secrets: whsec_..., NULL ends; more than one while a secret is being rolled: any v1 of any secret
 * will do. A stamp older than, or as far ahead as, more than the tolerance is refused. Comparing takes
 * the same time whatever differs. Errors ERR_REJECT bad_signature_header (absent, too long, no stamp or
 * two of them, no v1), wrong_signature, signature_too_old, signature_in_future. */
struct stripe_signed {
	const char *header;
	const void *body;
	size_t len;
	struct instant now;
};
enum err_kind stripe_signature_verify(const struct stripe_signed *what, const char *const *secrets,
				      struct err *err) MUST_CHECK;

#endif
