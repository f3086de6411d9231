/* import.h: what was sold before unbook, as one line of an import file says it, and whether it can be taken over as it stands.
 * Source: design.md rules 3, 4 and 10, invariants I1, I2 and I5; docs/import.md. Pure. Texts borrowed, NULL where the line says nothing. */
#ifndef IMPORT_H
#define IMPORT_H

#include "booking.h"

#define IMPORT_PAYMENTS_MAX 8
#define IMPORT_HOLD_S \
	2100 /* how long a Pending booking keeps its slot when the line does not say; the API's default */
#define IMPORT_LENGTH_S_MAX 86400 /* no session is longer */

#define IMPORT_ABOUT_BYTES 280

enum import_kind { IMPORT_UNKNOWN, IMPORT_USER, IMPORT_OFFER, IMPORT_BOOKING };

/* What a line is about, for people: "booking 7", "user 8f14"; name stands where there is no id. "" when nobody can tell. */
void import_about(enum import_kind kind, int64_t id, const char *name, char ret_about[IMPORT_ABOUT_BYTES]);

struct import_user {
	const char *subject; /* the token's user id; never NULL */
	const char *email, *name, *zone, *locale;
	const char *guardian; /* the subject of a student's parent */
};

struct import_offer {
	int64_t id;
	const char *teacher; /* subject */
	const char *title;
	int64_t duration_s;
	struct money price;
	int64_t cancel_notice_s, min_notice_s;
	bool active;
};

struct import_payment {
	const char *payment_intent;
	const char *charge_id;
	struct money amount;
	struct instant captured_at;
	/* Given back in full: one of both names how, and refunded_at when. */
	const char *refund_id; /* at Stripe */
	const char *refund_reference;
	struct instant refunded_at;
};

struct import_booking {
	int64_t id;                             /* 0: the next free one */
	const char *parent, *student, *teacher; /* subjects; student NULL: the parent */
	int64_t offer_id;                       /* 0: none */
	const char *title;
	struct instant starts_at;
	int64_t duration_s;
	const char *status; /* as JSON has it: "1", "null", "\"PendingPayment\""; "" when the line has none */
	struct money price;
	int64_t cancel_notice_s;
	const char *notes;
	const char *stripe_session_id, *checkout_url;
	struct instant hold_expires_at, created_at, cancelled_at;
	enum cancel_cause cancel_cause;
	const char *cancelled_by; /* subject */
	const char *cancellation_reason;
	const char *meeting_url; /* kept for a Confirmed one */
	int payment_count;
	const struct import_payment *payments;
};

/* Errors ERR_REJECT, with the field in front of the message: own_guardian. */
enum err_kind import_user_check(const struct import_user *user, struct err *err) MUST_CHECK;

/* Can it be sold? Errors ERR_REJECT amount_too_large. */
enum err_kind import_offer_check(const struct import_offer *offer, struct err *err) MUST_CHECK;

/* May this booking stand in the tables as the line has it, at now? Errors ERR_REJECT, with the field in front of the message:
 * bad_status, no_identity, in_future, two_payments, amount_differs, bad_refund, not_payable, not_paid, not_over, not_cancelled, too_late,
 * no_refund. */
enum err_kind import_booking_check(const struct import_booking *booking, struct instant now,
				   struct err *err) MUST_CHECK;

/* 0, 1, 2 or 3 as a JSON integer; nothing else. */
bool import_status_decode(const char *status, enum booking_status *ret_status) MUST_CHECK;

/* The payment that the booking keeps, or kept until it was cancelled; NULL: none. */
const struct import_payment *import_booking_payment(const struct import_booking *booking);

/* The end of the hold, as stored: of a Pending booking never INSTANT_NONE. */
struct instant import_booking_hold_end(const struct import_booking *booking);

/* What a status that is none most likely meant. */
struct import_plan {
	enum booking_status status;
	enum cancel_cause cancel_cause; /* with status 3, else CAUSE_NONE */
	struct instant cancelled_at;    /* likewise, else INSTANT_NONE */
	const char *why;                /* static: one sentence about the booking */
};

/* Of a booking whose status does not decode; money counts more than words. The edit that it stands for gives the line the three values, and
 * takes away a cancellation that no longer fits. */
void import_booking_plan(const struct import_booking *booking, struct instant now, struct import_plan *ret);

/* The booking after that edit. status_text: the caller's, at least 4 bytes, borrowed by *ret. */
void import_booking_repair(const struct import_booking *booking, const struct import_plan *plan,
			   char *status_text, struct import_booking *ret);

#endif
