/* refunds.h: refund rows and what Stripe told about them. The only SQL on `refunds` and `stripe_refunds`. */
#ifndef REFUNDS_H
#define REFUNDS_H

#include "pg.h"
#include "refund.h"

/* Queue the one refund row of a captured payment (unique on the PaymentIntent; a second one changes nothing).
 * id is a fresh uuid (id_uuid). The doorbell normally wins within doorbell_ms; after that the sweep claims it. */
struct refund_request {
	const char *id;
	int64_t booking_id;
	const char *payment_intent;
	const char *cause;       /* cancel_cause_name, or "second_payment" */
	int64_t doorbell_ms;
};
enum err_kind refunds_queue_request(struct pg *tx, const struct refund_request *request, struct err *err) MUST_CHECK;

#endif
