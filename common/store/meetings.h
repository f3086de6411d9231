/* meetings.h: the link and calendar entry of a booking. The only SQL on `meetings`. */
#ifndef MEETINGS_H
#define MEETINGS_H

#include "pg.h"

/* Queue: the entry of this booking must go, sequence + 1. One that a provider keeps becomes `unwanted` for the notifier to delete there;
 * one that is only a filled-in template lies nowhere else and is `gone` at once. No row: nothing. */
enum err_kind meetings_queue_unwanted(struct pg *tx, int64_t booking_id, struct err *err) MUST_CHECK;

/* Queue: the template provider's link, ready at once; one that was gone comes back under a new link, sequence + 1. */
enum err_kind meetings_queue_ready(struct pg *tx, int64_t booking_id, const char *url,
				   struct err *err) MUST_CHECK;

#endif
