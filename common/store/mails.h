/* mails.h: mail rows. The only SQL on `mails`. */
#ifndef MAILS_H
#define MAILS_H

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

#endif
