/* cleanup_unknown.h: the operator's exit for one booking whose checkout Stripe does not know. */
#ifndef CLEANUP_UNKNOWN_H
#define CLEANUP_UNKNOWN_H

#include "ctl_stripe.h"

struct cleanup_unknown {
	int64_t booking_id;
	bool only_says; /* --dry-run */
	const char *actor;
};

/* Ask Stripe once more, then end that booking (admin) and stop asking. context: a struct cleanup_unknown. *ret_code 1: it was left, and
 * stdout says why. Errors ERR_RETRY when Stripe or the database did not answer. */
enum err_kind cleanup_unknown(const struct ctl_stripe *link, void *context, int *ret_code,
			      struct err *err) MUST_CHECK;

#endif
