/* stripe_intake.h: an event of Stripe's comes in, by the webhook or because it was asked for: stored once, with the record that rings for
 * it. */
#ifndef STRIPE_INTAKE_H
#define STRIPE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pg.h"
#include "stripe_checkout_object.h"

/* All borrowed. */
struct stripe_intake {
	const struct stripe_event *event;
	const char *body; /* its bytes, as they were verified or as Stripe's API gave them */
	size_t body_len;
	const char
		*instance_id; /* this database's: another one on the same account counts its bookings alike */
	const char *traceparent;
	int64_t doorbell_ms;
	struct arena *arena;
};

/* Committed when it returns. *ret_is_new false: it was there, nothing was written, and that is success. Errors those of pg_one; ERR_RETRY
 * no_memory. */
enum err_kind stripe_intake_take(struct pg *db, const struct stripe_intake *intake, bool *ret_is_new,
				 struct err *err) MUST_CHECK;

#endif
