/* stripe_payment_object.h: Stripe's PaymentIntents to our structs; strict and blind as stripe_object.h is.
 * Every refusal is ERR_REJECT: too_large, not_json, bad_object (msg names the field). Pure. */
#ifndef STRIPE_PAYMENT_OBJECT_H
#define STRIPE_PAYMENT_OBJECT_H

#include "arena.h"
#include "err.h"
#include "stripe_payment.h"

enum err_kind stripe_payment_decode(const char *bytes, size_t len, struct stripe_payment *ret_payment,
				    struct err *err) MUST_CHECK;

/* A page of a whole account's. One that does not read is left out and counted, unless it bears our booking id: then the page is refused. */
struct stripe_payment_page {
	struct stripe_payment *payments; /* in the arena */
	size_t count;
	size_t unread;
	bool has_more;
	const char *last_id; /* in the arena: where the next page begins; NULL: the page is empty */
};
enum err_kind stripe_payment_page_decode(const char *bytes, size_t len, struct arena *arena,
					 struct stripe_payment_page *ret_page, struct err *err) MUST_CHECK;

#endif
