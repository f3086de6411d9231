/* booking_view.h: a booking with what its readers want to see beside it. Texts borrowed, as in struct
 * booking. */
#ifndef BOOKING_VIEW_H
#define BOOKING_VIEW_H

#include "booking.h"
#include "refund.h"
#include "refund_promise.h"

struct booking_view {
	struct booking booking;
	const char *parent_name, *student_name, *teacher_name; /* "" when unknown */
	const char *meeting_url;                               /* NULL: none yet, or not any more */
	bool has_refund;
	struct {
		enum refund_state state;
		struct money captured;      /* what the payment was */
		const char *failure_reason; /* NULL: none */
		bool is_settled;            /* settled elsewhere by an operator */
		int64_t settled_minor;      /* so much of it went another way */
		struct instant sent_at;     /* for the first time; until then, when it was asked for */
		struct instant updated_at;  /* also when a look at Stripe changed nothing */
	} refund;
	struct refund_beside beside; /* of the refund's payment, else of the kept one */
	struct instant by_hand_at;   /* INSTANT_NONE: nothing was refunded by hand */
};

#endif
