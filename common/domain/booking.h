/* booking.h: a private session that a parent books with a teacher, and who may look at it or act on it.
 * Pure: no I/O, no clock, no allocation. Texts are borrowed (arena of whoever loaded the booking). */
#ifndef BOOKING_H
#define BOOKING_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"
#include "money.h"

/* The numbers are the wire and table format (bug report, "Session Status Values"). Never another, never
 * null. */
enum booking_status {
	BOOKING_PENDING = 0,
	BOOKING_CONFIRMED = 1,
	BOOKING_COMPLETED = 2,
	BOOKING_CANCELLED = 3,
};

enum cancel_cause {
	CAUSE_NONE = 0,
	CAUSE_PARENT,
	CAUSE_TEACHER,
	CAUSE_ADMIN,
	CAUSE_PAYMENT_CANCELLED,
	CAUSE_CHECKOUT_EXPIRED,
	CAUSE_CHECKOUT_FAILED,
	CAUSE_AMOUNT_MISMATCH,
	CAUSE_TOO_LATE_TO_PAY,
};

struct booking {
	int64_t id;
	int64_t parent_id, student_id, teacher_id;
	int64_t offer_id; /* 0: imported without one */
	const char *title;
	struct instant starts_at, ends_at;
	enum booking_status status;
	struct money price;
	int64_t cancel_notice_s;       /* frozen when the booking was made */
	const char *notes;             /* NULL: none */
	const char *stripe_session_id; /* NULL until the checkout exists */
	const char *checkout_url;
	struct instant hold_expires_at, checkout_closed_at;
	bool payment_awaited; /* while Pending: Stripe's page is done, and a delayed method has not decided yet */
	const char *payment_intent; /* NULL until paid: the payment that the booking keeps */
	struct instant paid_at, cancelled_at, created_at;
	enum cancel_cause cancel_cause;
	int64_t cancelled_by; /* user id, 0: the system */
	const char *cancellation_reason;
	int64_t version; /* rises with every change that people are told of */
};

enum role {
	ROLE_PARENT = 1 << 0,
	ROLE_TEACHER = 1 << 1,
	ROLE_STUDENT = 1 << 2,
	ROLE_ADMIN = 1 << 3,
	ROLE_SUPPORT = 1 << 4,
};

/* Who asks. user_id 0 never matches anybody. */
struct actor {
	int64_t user_id;
	unsigned roles; /* set of enum role */
};

/* "Pending", "Confirmed", "Completed", "Cancelled". */
const char *booking_status_name(enum booking_status status);
/* False unless value is 0..3. */
bool booking_status_decode(int64_t value, enum booking_status *ret_status) MUST_CHECK;

/* The words of the table column: "parent", "checkout_expired", ...; CAUSE_NONE is NULL in the table and
 * here. */
const char *cancel_cause_name(enum cancel_cause cause);
bool cancel_cause_decode(const char *name, enum cancel_cause *ret_cause) MUST_CHECK;

/* Only 0->1, 0->3, 1->2, 1->3 and 3->1 for a late payment (design.md rule 3). */
bool booking_may_become(enum booking_status from, enum booking_status to);

/* A captured payment is kept by this booking. */
bool booking_is_paid(const struct booking *booking);

/* Cancelled because nobody paid in time, and ahead: a late payment may still revive it (design.md rule 5). */
bool booking_may_revive(const struct booking *booking, struct instant now);

/* The parent of it, with the role. */
bool booking_parent_is(const struct booking *booking, const struct actor *actor);

/* Parent, teacher or student of it (with the matching role), or Admin or Support. Design section 6: others
 * get 404. */
bool booking_may_be_read_by(const struct booking *booking, const struct actor *actor);

/* Of those, all but a student who is not the parent too: the reason of a cancel and what becomes of the money are between the parent, the
 * teacher and staff. */
bool booking_dealings_may_be_read_by(const struct booking *booking, const struct actor *actor);

#endif
