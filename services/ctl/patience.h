/* patience.h: asking Stripe again when it was busy or silent. For requests that change nothing. */
#ifndef PATIENCE_H
#define PATIENCE_H

#include <stdbool.h>

#include "err.h"

#define PATIENCE_TRIES_MAX 4

/* Zeroed before the first try. */
struct patience {
	int tries;
};

/* What came of a try: true when another one is worth while, after the wait (a quarter of a second, then twice as long each time).
 * Use:  do kind = stripe_get_...(); while (patience_again(&patience, kind)); */
bool patience_again(struct patience *patience, enum err_kind kind);

#endif
