/* checkouts.h: the checkout of a booking: made, looked at, closed. The SQL on `bookings` that the reaper works with.
 *
 * bookings.next_try_at says when the reaper looks at a booking's checkout again. It is set by whoever makes a Pending booking
 * (= hold_expires_at) or releases one whose checkout may still be paid, and NULL once nothing can happen to the checkout any more
 * (checkout_closed_at). */
#ifndef CHECKOUTS_H
#define CHECKOUTS_H

#include "booking.h"
#include "pg.h"

struct checkout_claim {
	struct booking booking; /* texts in the arena of the claim */
	char lease_token[40];
	int attempts, failures;
	struct instant now;    /* the database's clock at the claim */
	int64_t lease_over_ms; /* as in refunds.h */
};

struct checkout_lease {
	int64_t lease_ms;
	struct arena *arena;
};

/* Claim, committed when it returns. *ret_claim NULL: nothing to do (checkout closed, leased).
 * checkouts_claim_booking: the one that checkout.check names; ERR_REJECT unknown_booking. checkouts_claim_due: one that is due. */
enum err_kind checkouts_claim_booking(struct pg *db, const struct checkout_lease *lease, int64_t booking_id,
				      struct checkout_claim **ret_claim, struct err *err) MUST_CHECK;
enum err_kind checkouts_claim_due(struct pg *db, const struct checkout_lease *lease,
				  struct checkout_claim **ret_claim, struct err *err) MUST_CHECK;

/* Look again in wait_ms. error NULL: nothing went wrong, and failures stays. Under the fence; a lost one writes nothing. */
enum err_kind checkouts_record_wait(struct pg *db, const struct checkout_claim *claim, const char *error,
				    int64_t wait_ms, struct err *err) MUST_CHECK;

/* Nothing can happen to the booking's checkout any more: never again. Under the fence. */
enum err_kind checkouts_record_closed(struct pg *db, const struct checkout_claim *claim,
				      struct err *err) MUST_CHECK;

/* This checkout of the Pending booking is done with, but for a delayed method that has not decided. Any other booking stays as it is. One
 * statement; repeating it is safe. */
enum err_kind checkouts_record_awaited(struct pg *db, int64_t booking_id, const char *stripe_session_id,
				       struct err *err) MUST_CHECK;

/* T2: the checkout exists at Stripe. Stores id and url where the booking has no checkout id yet, whatever its status, and tells how the
 * booking stands now: *ret_status BOOKING_PENDING with *ret_is_its_checkout: go on; another status: it was released (expire the
 * checkout) or paid meanwhile. One statement; repeating it is safe. ERR_REJECT unknown_booking. */
enum err_kind checkouts_record_made(struct pg *db, int64_t booking_id, const char *stripe_session_id,
				    const char *url, enum booking_status *ret_status,
				    bool *ret_is_its_checkout, struct err *err) MUST_CHECK;

/* The booking of this checkout: by its id, else by booking_id (0: unknown). *ret_booking->id 0: none. */
enum err_kind checkouts_find_booking(struct pg *db, const char *stripe_session_id, int64_t booking_id,
				     struct arena *arena, struct booking *ret_booking,
				     struct err *err) MUST_CHECK;

#endif
