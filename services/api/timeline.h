/* timeline.h: the log of a booking as its readers see it. */
#ifndef TIMELINE_H
#define TIMELINE_H

#include "booking.h"
#include "booking_log.h"
#include "str.h"

/* Append a JSON array of {at, what, words, actor, detail}. Parties read who acted as a role and no detail: it may say why a card failed.
 * Admin and Support read both as they stand. Whoever may not read the dealings of the booking gets no entry about money. */
void timeline_encode(const struct booking *booking, const struct actor *reader,
		     const struct booking_log_list *log, struct buf *out);

#endif
