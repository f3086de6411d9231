/* instance.h: the Stripe mode that this database belongs to. The only SQL on `instance`. */
#ifndef INSTANCE_H
#define INSTANCE_H

#include <stdbool.h>

#include "pg.h"

#define INSTANCE_ID_BYTES 40

/* The first key that ever comes decides, live or test; from then on the other mode is refused. ret_id:
 * this database's own id. Errors ERR_FATAL wrong_mode; those of pg_run. */
enum err_kind instance_claim_mode(struct pg *db, bool is_live, char ret_id[INSTANCE_ID_BYTES],
				  struct err *err) MUST_CHECK;

/* The same without deciding, for whoever only looks: a database that belongs to no mode yet fits both. */
enum err_kind instance_check_mode(struct pg *db, bool is_live, char ret_id[INSTANCE_ID_BYTES],
				  struct err *err) MUST_CHECK;

#endif
