/* bookings.h: booking rows. The SQL on `bookings` that people's requests need: locking, cancelling, releasing, reading. */
#ifndef BOOKINGS_H
#define BOOKINGS_H

#include "booking_search.h"
#include "booking_view.h"
#include "cancel.h"
#include "pg.h"
#include "refund_beside.h"

/* Who asks, for the WHERE of every statement: others find nothing. */
struct bookings_reader {
	int64_t user_id;
	bool reads_all;    /* Admin or Support */
	bool wants_beside; /* bookings_lock: reads what stands beside the payment as well */
};

/* Open a transaction, lock the row, then read the database's clock: in this order, in one round trip. The transaction stays open.
 * *ret_found false: no such booking, or not the reader's. *ret_now is the now that rule 2 speaks of. Waits for the lock at most
 * lock_timeout of the connection. Errors those of pg_run. */
struct bookings_locked {
	bool found;
	struct booking booking;
	struct instant now;
	struct refund_beside beside; /* of the payment that it keeps; with reader->wants_beside */
};
enum err_kind bookings_lock(struct pg *tx, int64_t id, const struct bookings_reader *reader,
			    struct arena *arena, struct bookings_locked *ret_locked,
			    struct err *err) MUST_CHECK;

/* Is there such a booking at all? An event about an unknown one is a dead letter. */
enum err_kind bookings_is_known(struct pg *db, int64_t id, bool *ret_known, struct err *err) MUST_CHECK;

/* Queue status 3 with version + 1, cancelled_at = at. The row must be locked by bookings_lock. */
struct bookings_cancel {
	int64_t id;
	struct instant at;
	enum cancel_cause cause;
	int64_t by;         /* user id, 0: the system */
	const char *reason; /* NULL: none given */
};
enum err_kind bookings_queue_cancel(struct pg *tx, const struct bookings_cancel *cancel,
				    struct err *err) MUST_CHECK;

/* One booking with what stands beside it, and the database's clock. found false as above. */
struct bookings_found {
	bool found;
	struct booking_view view;
	struct instant now;
};
enum err_kind bookings_find_view(struct pg *db, int64_t id, const struct bookings_reader *reader,
				 struct arena *arena, struct bookings_found *ret_found,
				 struct err *err) MUST_CHECK;

enum bookings_list_kind {
	BOOKINGS_OF_PARENT, /* upcoming, then past; without unpaid Cancelled ones and Pending ones that have no checkout yet */
	BOOKINGS_TEACHER_UPCOMING, /* Confirmed ones that are not over */
	BOOKINGS_TEACHER_HISTORY,  /* paid ones that are over or cancelled, newest first */
	BOOKINGS_STUDENT_UPCOMING,
	BOOKINGS_STUDENT_HISTORY, /* likewise */
	BOOKINGS_FOUND, /* by page.search and page.text, whatever became of them, latest start first */
};

/* A place in a list: after this booking. */
struct bookings_cursor {
	bool past;
	struct instant starts_at;
	int64_t id; /* 0: from the start */
};

struct bookings_page {
	enum bookings_list_kind kind;
	int64_t user_id;            /* whose; not of BOOKINGS_FOUND */
	enum booking_search search; /* BOOKINGS_FOUND only */
	const char *text;           /* of a name: as booking_search_words() has it */
	/* Of BOOKINGS_OF_PARENT only: */
	bool upcoming, past;           /* only this half */
	const char *cancelled;         /* "true": only Cancelled ones, "false": only the others, NULL: both */
	const char *stripe_session_id; /* only the one of this checkout; NULL: all */
	struct bookings_cursor after;
	int limit; /* 1..100 */
};

struct bookings_list {
	int count;
	const struct booking_view *views; /* in the arena */
	bool more;
	struct bookings_cursor next; /* when there are more */
	struct instant now;
};
enum err_kind bookings_list(struct pg *db, const struct bookings_page *page, struct arena *arena,
			    struct bookings_list *ret_list, struct err *err) MUST_CHECK;

#endif
