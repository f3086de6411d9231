/* completions.h: Confirmed bookings whose end has passed become Completed (rule 3, 1 -> 2). By PostgreSQL's clock. */
#ifndef COMPLETIONS_H
#define COMPLETIONS_H

#include "booking.h"
#include "pg.h"

/* Three statements of pg_run's queue per booking, and the commit. */
#define COMPLETIONS_MAX 7

/* Is at least one booking over? One cheap statement. */
enum err_kind completions_are_due(struct pg *db, bool *ret_due, struct err *err) MUST_CHECK;

/* Open a transaction and lock the bookings that ended first; rows that somebody else has locked are left out. ret_bookings needs
 * COMPLETIONS_MAX places and is filled with what an event tells; status is Completed already. */
enum err_kind completions_take(struct pg *tx, struct booking *ret_bookings, int *ret_count,
			       struct err *err) MUST_CHECK;

/* Queue the change of one booking that completions_take has locked; its version stays, for people are not told. */
enum err_kind completions_queue(struct pg *tx, const struct booking *booking, struct err *err) MUST_CHECK;

#endif
