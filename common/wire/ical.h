/* ical.h: the calendar part of a mail: one VEVENT of METHOD REQUEST or CANCEL (RFC 5545, RFC 5546 sections 3.2.2 and 3.2.5). Pure. */
#ifndef ICAL_H
#define ICAL_H

#include <stdint.h>

#include "clock.h"
#include "err.h"
#include "str.h"

enum ical_method { ICAL_REQUEST, ICAL_CANCEL };

/* Texts are UTF-8 without NUL; control bytes are dropped, the rest escaped here. One uid (ical_uid) per booking for ever, a rising sequence. */
struct ical_event {
	enum ical_method method;
	const char *uid;
	int64_t sequence;
	struct instant stamped_at; /* DTSTAMP */
	struct instant starts_at, ends_at;
	const char *summary;
	const char *description; /* NULL: none */
	const char *url;         /* meeting link; NULL: none */
	const char *organizer_address, *organizer_name;
	const char *attendee_address, *attendee_name;
};

/* The one name of a booking in every calendar, from a mail or from a page: "booking-7@<instance>.unbook". */
#define ICAL_UID_BYTES 96
void ical_uid(const char *instance_id, int64_t booking_id, char ret_uid[ICAL_UID_BYTES]);

/* Append the whole VCALENDAR: CRLF line ends, lines folded at 75 octets without cutting a UTF-8 character.
 * Errors ERR_REJECT ical_too_large. */
enum err_kind ical_encode(const struct ical_event *event, struct buf *out, struct err *err) MUST_CHECK;

#endif
