/* releases.h: the end of a booking that nobody paid. */
#ifndef RELEASES_H
#define RELEASES_H

#include "bookings.h"
#include "pg.h"

/* Queue, for a booking that is locked: Stripe has proven that its checkout is closed; nobody looks at it again. */
enum err_kind releases_queue_closed(struct pg *tx, int64_t booking_id, struct err *err) MUST_CHECK;

/* Queue: somebody may still pay; the reaper looks at it, at the latest in doorbell_ms. */
enum err_kind releases_queue_open(struct pg *tx, int64_t booking_id, int64_t doorbell_ms,
				  struct err *err) MUST_CHECK;

/* Queue, for a booking that is locked and Cancelled by checkout_expired: cause, by and reason of a person who asked for it, version + 1.
 * When it was cancelled stays, so cancel->at is not looked at. */
enum err_kind releases_queue_taken_over(struct pg *tx, const struct bookings_cancel *cancel,
					struct err *err) MUST_CHECK;

#endif
