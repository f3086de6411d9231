/* mails.h: mail rows. The only SQL on `mails`. */
#ifndef MAILS_H
#define MAILS_H

#include "booking.h"
#include "mail.h"
#include "pg.h"

/* Queue a mail row; unique on (booking, kind, recipient, version, ref), a second one changes nothing. */
struct mail_request {
	int64_t booking_id;
	enum mail_kind kind;
	int64_t recipient_id;
	int64_t booking_version;
	const char *ref;         /* refund id where the kind speaks of one, else "" */
	int64_t doorbell_ms;
};
enum err_kind mails_queue(struct pg *tx, const struct mail_request *request, struct err *err) MUST_CHECK;

/* What a claimed mail needs to be written; texts in the arena. Local times are PostgreSQL's, in the recipient's zone. */
struct mail_facts {
	struct booking booking;
	const char *recipient_address, *recipient_name, *recipient_locale, *recipient_zone;
	const char *teacher_name, *parent_name, *student_name;
	bool recipient_is_teacher;
	const char *local_starts;   /* "2026-12-01T09:30" on the recipient's wall clock */
	const char *local_ends;
	const char *zone_label;     /* "CET", "+0530": what the clock on that day is called there */
	const char *meeting_url;
	int64_t meeting_sequence;
	const char *refund_state;   /* NULL: no refund */
	struct money refund_amount;
	const char *refund_failure_reason;
};

/* Claim. The first claim stores message_id ("<uuid@domain>") and supersedes that recipient's unfinished older versions of the booking.
 * mails_claim_booking: the fresh queued mails of this booking, one per call, oldest first (ERR_OK and *ret_found false: none left).
 * mails_sweep: one overdue row; a `sending` row whose lease ran out becomes `unknown` first (its outcome is unknown: MAIL_RESULT_LOST). */
struct mail_claim {
	const char *domain;      /* right-hand side of new Message-IDs */
	int64_t lease_ms;
	int64_t unknown_wait_ms;
	int unknowns_max;
};
enum err_kind mails_claim_booking(struct pg *db, int64_t booking_id, const struct mail_claim *claim, struct arena *arena, struct mail *ret_mail,
				  bool *ret_found, struct err *err) MUST_CHECK;
enum err_kind mails_sweep(struct pg *db, const struct mail_claim *claim, struct arena *arena, struct mail *ret_mail, bool *ret_found,
			  struct err *err) MUST_CHECK;
enum err_kind mails_find_facts(struct pg *db, const struct mail *mail, struct arena *arena, struct mail_facts *ret_facts, struct err *err) MUST_CHECK;

/* Record under the fence: state, counters, last_reply, sent_at, next_try_at, the booking_log entry. *ret_recorded false: the lease was lost. */
enum err_kind mails_record(struct pg *db, const struct mail *mail, const struct mail_change *change, const char *reply, int64_t wait_ms,
			   bool *ret_recorded, struct err *err) MUST_CHECK;

#endif
