/* instance.h: the Stripe mode that this database belongs to. The only SQL on `instance`. */
#ifndef INSTANCE_H
#define INSTANCE_H

#include <stdbool.h>

#include "pg.h"

/* The first key that ever comes decides, live or test; from then on the other mode is refused.
 * Errors ERR_FATAL wrong_mode; those of pg_run. */
enum err_kind instance_claim_mode(struct pg *db, bool is_live, struct err *err) MUST_CHECK;

#endif
