/* stripe_payment.h: a PaymentIntent as Stripe reports it ("The PaymentIntent object"). Pure. */
#ifndef STRIPE_PAYMENT_H
#define STRIPE_PAYMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "money.h"

struct stripe_payment {
	char id[128];          /* pi_... */
	bool is_captured;      /* its money was taken (status succeeded) */
	struct money received; /* what was taken; 0 unless is_captured */
	char charge_id[64];    /* of the last try; "" if there was none */
	int64_t booking_id;    /* out of our metadata; 0: none, or not of the form of an id */
	char instance_id[40];  /* out of our metadata: whose booking id that is; "" when it is not ours */
	struct instant created_at;
	bool is_live;
};

#endif
