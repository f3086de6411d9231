/* mail.h: one mail to one person about one version of a booking, and what an SMTP reply means for it.
 * Source: design.md section 7 "Mail", faults.md F31 to F33, RFC 5321 section 4.2.1. Pure. */
#ifndef MAIL_H
#define MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"

enum mail_kind { MAIL_CONFIRMED, MAIL_CANCELLED, MAIL_PAYMENT_RETURNED, MAIL_REFUND_FAILED };

enum mail_state { MAIL_QUEUED, MAIL_SENDING, MAIL_SENT, MAIL_UNKNOWN, MAIL_FAILED, MAIL_SUPERSEDED };

struct mail {
	int64_t id;
	int64_t booking_id;
	enum mail_kind kind;
	int64_t recipient_id;
	int64_t booking_version;
	const char *ref; /* of a refund where the kind speaks of one: its id, or <id>:<version>; else "" */
	enum mail_state state;
	const char
		*message_id; /* with its angle brackets; stored before the first attempt, the same for ever */
	int attempts, failures;
	int unknowns; /* how often the outcome stayed unknown so far */
	char lease_token[40];
	struct instant created_at;
};

/* How an attempt ended. */
enum mail_result {
	MAIL_RESULT_ACCEPTED, /* 2xx after the final dot */
	MAIL_RESULT_LATER, /* 4xx, no connection, or the server wants nothing from us (banner, EHLO, login): nothing was delivered */
	MAIL_RESULT_REFUSED, /* 5xx to the mail itself (MAIL, RCPT, DATA, final dot): never again */
	MAIL_RESULT_LOST,    /* line lost or silent after the last byte: may have been delivered */
	MAIL_RESULT_BAD,     /* ours to mend: bad address, template fails */
};

struct mail_limits {
	int64_t give_up_ms;      /* 24 h: then failed and an alarm */
	int64_t unknown_wait_ms; /* 15 min */
	int unknowns_max;        /* 3 repeats */
};

struct mail_change {
	const char *ref; /* of a refund where the kind speaks of one: its id, or <id>:<version>; else "" */
	enum mail_state state;
	bool counts_as_failure;
	bool counts_as_unknown;
	bool alarm;
	int64_t wait_ms; /* 0: back-off decides; else exactly this */
};

/* A row found in SENDING whose lease ran out is told MAIL_RESULT_LOST before anybody sends it again:
 * whether the last byte had left, nobody knows. SENT, FAILED and SUPERSEDED never change. When the repeats
 * are used up, a lost one becomes FAILED with an alarm. */
void mail_next(const struct mail *mail, enum mail_result result, const struct mail_limits *limits,
	       struct instant now, struct mail_change *ret);

/* The words of the table columns. NULL for a number that is none of the enum's. */
const char *mail_kind_name(enum mail_kind kind);
bool mail_kind_decode(const char *name, enum mail_kind *ret_kind) MUST_CHECK;
const char *mail_state_name(enum mail_state state);
bool mail_state_decode(const char *name, enum mail_state *ret_state) MUST_CHECK;

/* One addr-spec of RFC 5321's everyday form (dotted atoms, '@', a host name; ASCII, neither quoted parts
 * nor address literals): no CR, LF, NUL, comma, angle bracket, space or control byte, one '@' with both
 * sides, at most 254 bytes. What libcurl would pass on as a new SMTP command is refused here. */
bool mail_address_is_valid(const char *address);

#endif
