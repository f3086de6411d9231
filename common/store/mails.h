/* mails.h: mail rows. The only SQL on `mails`. */
#ifndef MAILS_H
#define MAILS_H

#include "booking.h"
#include "mail.h"
#include "pg.h"
#include "refund_promise.h"
#include "rfc3339.h"

/* Queue a mail row; unique on (booking, kind, recipient, version, ref), a second one changes nothing. */
struct mail_request {
	int64_t booking_id;
	enum mail_kind kind;
	int64_t recipient_id;
	int64_t booking_version;
	const char *ref; /* of a refund where the kind speaks of one: its id, or <id>:<generation>; else "" */
	int64_t doorbell_ms;
};
enum err_kind mails_queue(struct pg *tx, const struct mail_request *request, struct err *err) MUST_CHECK;

/* Of a mail refund_failed: the refund that came to nothing. */
struct mail_failure {
	struct money amount; /* minor 0: Stripe was never seen to have made it */
	const char *reason;  /* Stripe's; NULL: none */
	bool is_withdrawn;   /* by us: no bank refused it */
	bool is_made_good;   /* somebody settled the payment elsewhere, and it does not lack there */
	bool is_of_kept;     /* the session is not cancelled and its payment kept: nothing was owed */
};

/* What a claimed mail needs to be written; texts in the arena. Local times are PostgreSQL's, in the recipient's zone. */
struct mail_facts {
	struct booking booking;
	const char *recipient_address, *recipient_name, *recipient_locale, *recipient_zone;
	const char *teacher_name, *parent_name, *student_name;
	struct civil_time local_starts, local_ends; /* on the recipient's wall clock */
	struct civil_time local_deadline;           /* until when the parent may cancel */
	int utc_offset_min;                         /* of that wall clock at the start */
	const char *meeting_url;
	const char *
		instance_id; /* of this database: part of calendar UIDs, so that two databases never share one */
	const char *refund_state;    /* NULL: no refund */
	struct money captured;       /* by the payment of that refund */
	struct refund_beside beside; /* of that payment */
	const char *refund_failure_reason;
	struct mail_failure failed;
};

/* Claim. The first claim stores message_id ("<uuid@domain>"). News about the booking (confirmed, cancelled) is superseded by its newer
 * version; a `confirmed` mail waits until the meeting is ready. *ret_mail.state is the state before the claim: MAIL_SENDING means that an
 * earlier holder's lease ran out, so its outcome is unknown. *ret_mail.id 0: nothing to claim. */
struct mail_claim {
	const char *domain; /* right-hand side of new Message-IDs */
	int64_t lease_ms;
};
/* One fresh mail of this booking. */
enum err_kind mails_claim_booking(struct pg *db, int64_t booking_id, const struct mail_claim *claim_options,
				  struct arena *arena, struct mail *ret_mail, struct err *err) MUST_CHECK;
/* One overdue mail of any booking. */
enum err_kind mails_sweep(struct pg *db, const struct mail_claim *claim_options, struct arena *arena,
			  struct mail *ret_mail, struct err *err) MUST_CHECK;

/* Everything that the text needs. Errors ERR_REJECT bad_row when the booking is not there. */
enum err_kind mails_find_facts(struct pg *db, const struct mail *mail, struct arena *arena,
			       struct mail_facts *ret_facts, struct err *err) MUST_CHECK;

/* Renew the lease of a claimed mail, counted from now. *ret_held false: it was lost. */
enum err_kind mails_hold(struct pg *db, const struct mail *mail, int64_t lease_ms, bool *ret_held,
			 struct err *err) MUST_CHECK;

struct mail_outcome {
	struct mail_change change;
	const char *reply; /* last SMTP reply code as text, NULL if none */
	const char *error; /* code of the failure, NULL if fine */
	int64_t wait_ms;   /* until the next try */
};
/* Record under the fence, with its entry in the time line. *ret_recorded false: the lease was lost, nothing was written. */
enum err_kind mails_record(struct pg *db, const struct mail *mail, const struct mail_outcome *outcome,
			   bool *ret_recorded, struct err *err) MUST_CHECK;

#endif
