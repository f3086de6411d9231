/* holds.h: a booking is made: the transaction T1 of design.md section 7, and what teachers offer. */
#ifndef HOLDS_H
#define HOLDS_H

#include "hold.h"
#include "idempotency.h"
#include "pg.h"

/* Open a transaction, take the teacher's lock and the parent's row, then read what hold_decide needs; one round trip. The transaction stays
 * open. Without the first lock two who want one slot deadlock in the exclusion constraint (measured); without the second a parent could
 * hold too many at once. Texts in the arena. */
enum err_kind holds_open(struct pg *tx, const struct hold_request *request, struct arena *arena,
			 struct hold_facts *ret_facts, struct err *err) MUST_CHECK;

/* The Pending booking of the parent whose hold ends first, in the arena; id 0: none. */
enum err_kind holds_find_waiting(struct pg *db, int64_t parent_id, struct arena *arena,
				 struct booking *ret_booking, struct err *err) MUST_CHECK;

/* Insert the booking and its entry in the time line, and commit. *ret_booking as it stands then, in the arena.
 * Errors ERR_REJECT pg_exclusion: the slot was sold all the same (a late payment revived another booking). */
struct holds_new {
	const struct hold_request *request;
	const struct offer *offer;
	struct instant hold_expires_at;
	struct idempotency_key *key; /* of the request; its row commits with the booking. NULL: none */
};
enum err_kind holds_insert(struct pg *tx, const struct holds_new *hold, struct arena *arena,
			   struct booking *ret_booking, struct err *err) MUST_CHECK;

/* Give the hold these notes, while it is Pending, and commit; hold->offer and hold_expires_at are not looked at. */
enum err_kind holds_write_notes(struct pg *tx, const struct holds_new *hold, int64_t booking_id,
				struct err *err) MUST_CHECK;

struct holds_offers {
	int count;
	const struct offer *offers; /* in the arena: by teacher's name, then title */
	struct instant now;
};
/* Everything that is on sale, at most 1000. */
enum err_kind holds_list_offers(struct pg *db, struct arena *arena, struct holds_offers *ret_offers,
				struct err *err) MUST_CHECK;

#endif
