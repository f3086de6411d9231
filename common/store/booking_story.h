/* booking_story.h: what stands beside a booking, for an operator who asks what became of it: money, mails, the meeting. Only reads. */
#ifndef BOOKING_STORY_H
#define BOOKING_STORY_H

#include "money.h"
#include "pg.h"

/* A captured payment, with its refund row when it has one. Texts in the arena; NULL: none. */
struct story_payment {
	const char *payment_intent, *charge_id;
	struct money captured;
	struct instant captured_at;
	const char *refund_id; /* NULL: none was asked for */
	const char *state, *cause, *failure_reason, *last_error;
	int64_t generation, attempts;
	struct instant created_at, next_try_at;
	const char *settled_by, *settled_reference;
	int64_t settled_minor; /* so much went another way */
};

/* A refund at Stripe of one of the booking's payments. */
struct story_refund {
	const char *id, *payment_intent, *status, *reason, *reference;
	struct money amount;
	bool by_hand;
	struct instant updated_at;
};

struct story_mail {
	int64_t id, recipient_id, attempts;
	const char *kind, *state, *last_reply, *last_error;
	struct instant sent_at, next_try_at;
};

struct booking_story {
	const struct story_payment *payments; /* oldest first, as are the others */
	const struct story_refund *refunds;
	const struct story_mail *mails;
	int payment_count, refund_count, mail_count;
	const char *meeting_state, *meeting_error; /* NULL: the booking has no meeting row */
};

/* The first 100 of each. Of an unknown booking: nothing. Errors those of pg_run; ERR_RETRY no_memory. */
enum err_kind booking_story_find(struct pg *db, int64_t booking_id, struct arena *arena,
				 struct booking_story *ret_story, struct err *err) MUST_CHECK;

#endif
