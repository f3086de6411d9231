/* checkout.h: a Stripe Checkout Session, and what it proves about a booking.
 * Source: stripe.md section 4 ("`expired` is proof to release, `complete` is proof to confirm or refund; a timer is proof of
 * nothing"); design.md section 7, Reap. Pure. */
#ifndef CHECKOUT_H
#define CHECKOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "booking.h"
#include "payment.h"

enum checkout_status { CHECKOUT_OPEN, CHECKOUT_COMPLETE, CHECKOUT_EXPIRED };
enum checkout_paid { CHECKOUT_UNPAID, CHECKOUT_PAID, CHECKOUT_NOTHING_TO_PAY };

#define CHECKOUT_ID_BYTES  208
#define CHECKOUT_URL_BYTES 2048

struct checkout {
	char id[CHECKOUT_ID_BYTES];   /* cs_... */
	char url[CHECKOUT_URL_BYTES]; /* of the hosted page; "" when it is not open */
	enum checkout_status status;
	enum checkout_paid paid;
	char payment_intent[128]; /* "" until the buyer confirms */
	char charge_id[64];       /* "" unless the PaymentIntent was expanded */
	bool payment_failed; /* the expanded PaymentIntent ended without money: a delayed method failed */
	struct money amount; /* what was captured when the PaymentIntent was expanded, else the total */
	struct instant captured_at; /* INSTANT_NONE when Stripe has not said */
	int64_t booking_id;         /* out of our metadata; 0: none, or not of the form of an id */
	char instance_id[40]; /* out of our metadata: whose booking id that is; "" when it is not ours */
	struct instant expires_at, created_at;
	bool is_live;
};

/* What may be done on the strength of it. */
enum checkout_proof {
	CHECKOUT_PROVES_NOTHING, /* open: somebody may pay in the next second */
	CHECKOUT_PROVES_WAIT,    /* complete, and a delayed method has not decided yet */
	CHECKOUT_PROVES_PAID,    /* settle */
	CHECKOUT_PROVES_FREE,    /* complete with nothing to pay: confirm without a payment */
	CHECKOUT_PROVES_UNPAID,  /* expired: release, checkout_expired */
	CHECKOUT_PROVES_FAILED,  /* complete, and the delayed method failed: release, checkout_failed */
};
/* Total. A snapshot out of an event may be old: only PAID, FREE and UNPAID are for ever, the rest is read again at Stripe. */
enum checkout_proof checkout_prove(const struct checkout *checkout);

/* The captured payment of one that proves PAID; texts borrowed from checkout. captured_at: at, when Stripe has not said. */
void checkout_payment(const struct checkout *checkout, struct instant at, struct payment *ret_payment);

/* May a booking be released on the strength of what was proven of one checkout? */
enum release_outcome {
	RELEASED,
	RELEASE_REPEATED,       /* already Cancelled */
	RELEASE_NOT_PENDING,    /* paid meanwhile: Confirmed or Completed */
	RELEASE_OTHER_CHECKOUT, /* its checkout is not the one named: of that one nothing was proven */
	RELEASE_UNKNOWN_BOOKING,
};
/* stripe_session_id NULL: the booking has no checkout. Never RELEASE_UNKNOWN_BOOKING. */
enum release_outcome release_decide(const struct booking *booking, const char *stripe_session_id) MUST_CHECK;

/* May a release for this cause still put itself in the place of an expiry that was written down a moment before it? Stripe says "expired" to
 * whoever asked for that and, in an event, to the reaper: the booking is Cancelled by checkout_expired, and the cause is a person's. Only
 * while no payment was captured for it, which is not asked here. */
bool release_takes_over(const struct booking *booking, enum cancel_cause cause) MUST_CHECK;

/* cs_[A-Za-z0-9_]{1,200}: what may stand in a path (faults.md 2.1). */
bool checkout_id_is_valid(const char *id);

#define CHECKOUT_KEY_BYTES 96
/* "checkout:<instance id>:<booking id>": two databases on one Stripe account count alike (decision 0001). */
void checkout_key(const char *instance_id, int64_t booking_id, char ret_key[CHECKOUT_KEY_BYTES]);

const char *checkout_status_name(enum checkout_status status);
bool checkout_status_decode(const char *name, enum checkout_status *ret_status) MUST_CHECK;
bool checkout_paid_decode(const char *name, enum checkout_paid *ret_paid) MUST_CHECK;

#endif
