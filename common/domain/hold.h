/* hold.h: may this parent hold this slot, and until when.
 * Source: design.md section 6 (book), section 7 Book; faults.md 2.1 and section 4 (at most 3 unpaid ones). Pure. */
#ifndef HOLD_H
#define HOLD_H

#include "booking.h"

/* What a teacher sells. Texts borrowed. */
struct offer {
	int64_t id, teacher_id;
	const char *teacher_name; /* "" when unknown */
	const char *title;
	int64_t duration_s;
	struct money price;
	int64_t cancel_notice_s;
	int64_t min_notice_s; /* how late one may book */
};

/* What is asked for. Texts borrowed. */
struct hold_request {
	int64_t parent_id;
	int64_t student_id; /* the parent's own id when nobody else is named */
	int64_t teacher_id;
	int64_t offer_id; /* 0: the only one of the teacher */
	struct instant starts_at;
	const char *notes; /* NULL: none */
	bool has_notes;    /* false: they are not spoken of */
};

/* What the database says, all of it read after the locks. */
struct hold_facts {
	struct instant now;
	int64_t offer_count; /* active offers that the request may mean; more than one counts as two */
	struct offer offer;  /* the first of them */
	bool student_is_own;
	int64_t live_holds; /* Pending bookings of the parent */
	const struct booking *
		rival; /* a live booking of the teacher at that time, the parent's own Pending one first; NULL: none */
};

#define HOLD_AHEAD_S INT64_C(31536000) /* 365 days */

enum hold_outcome {
	HOLD_NEW,
	HOLD_SAME, /* rival is this very hold: answer it again */
};

/* holds_max: Pending bookings that a parent may have at once; 0: as many as they like.
 * Errors ERR_REJECT not_offered, offer_needed, not_your_student, payment_awaited (rival is the parent's own, and its payment is being processed), own_hold (rival is the parent's own, for another offer, student or time),
 * too_soon, too_far, hold_ends (rival is the parent's own, over by now, and its checkout is not closed yet: the slot is soon free, or paid),
 * slot_taken, too_many_holds. */
enum err_kind hold_decide(const struct hold_request *request, const struct hold_facts *facts,
			  int64_t holds_max, enum hold_outcome *ret_outcome, struct err *err) MUST_CHECK;

/* After HOLD_SAME: has the parent written other notes than those of the hold? */
bool hold_takes_notes(const struct hold_request *request, const struct booking *hold);

/* Whole seconds, as Stripe counts expires_at. */
struct instant hold_end(struct instant now, int64_t hold_s);

#endif
