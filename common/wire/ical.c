#include "ical.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rfc3339.h"

#define FOLD_OCTETS    75
#define LINE_MAX_BYTES 8192

void ical_uid(const char *instance_id, int64_t booking_id, char ret_uid[ICAL_UID_BYTES])
{
	snprintf(ret_uid, ICAL_UID_BYTES, "booking-%" PRId64 "@%s.unbook", booking_id, instance_id);
}

/* RFC 5545 section 3.1: at most 75 octets, then CRLF and a space; never inside a UTF-8 character. */
static void add_folded(struct buf *out, const char *line, size_t len)
{
	size_t room = FOLD_OCTETS;

	while (len > room) {
		size_t cut = room;

		while (cut > 0 && ((unsigned char)line[cut] & 0xc0) == 0x80)
			cut--;
		buf_add_bytes(out, line, cut);
		buf_add(out, "\r\n ");
		line += cut;
		len -= cut;
		room = FOLD_OCTETS - 1;
	}
	buf_add_bytes(out, line, len);
	buf_add(out, "\r\n");
}

static void add_line(struct buf *out, const char *name, const char *value)
{
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	buf_addf(&line, "%s:%s", name, value);
	out->failed = out->failed || line.failed;
	add_folded(out, line.data, line.len);
	buf_release(&line);
}

/* RFC 5545 section 3.3.11 TEXT: backslash, semicolon, comma and line ends are escaped. */
static void add_text_line(struct buf *out, const char *name, const char *text)
{
	struct buf value;

	if (!text || !text[0])
		return;
	buf_init(&value, LINE_MAX_BYTES);
	for (const char *c = text; *c; c++) {
		if (*c == '\n')
			buf_add(&value, "\\n");
		else if (strchr("\\;,", *c))
			buf_addf(&value, "\\%c", *c);
		else if ((unsigned char)*c >= 0x20 && *c != 0x7f)
			buf_add_bytes(&value, c, 1);
	}
	out->failed = out->failed || value.failed;
	add_line(out, name, value.data);
	buf_release(&value);
}

static void add_time_line(struct buf *out, const char *name, struct instant at)
{
	struct civil_time civil;

	civil_from_instant(at, &civil);
	buf_addf(out, "%s:%04d%02d%02dT%02d%02d%02dZ\r\n", name, civil.year, civil.month, civil.day,
		 civil.hour, civil.minute, civil.second);
}

/* A calendar address with its CN parameter. A quoted parameter value holds no double quote and no control byte (RFC 5545 3.2). */
static void add_person_line(struct buf *out, const char *property, const char *name, const char *address)
{
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	buf_add(&line, property);
	if (name && name[0]) {
		buf_add(&line, ";CN=\"");
		for (const char *c = name; *c; c++)
			if ((unsigned char)*c >= 0x20 && *c != '"' && *c != 0x7f)
				buf_add_bytes(&line, c, 1);
		buf_add(&line, "\"");
	}
	buf_addf(&line, ":mailto:%s", address);
	out->failed = out->failed || line.failed;
	add_folded(out, line.data, line.len);
	buf_release(&line);
}

enum err_kind ical_encode(const struct ical_event *event, struct buf *out, struct err *err)
{
	bool cancel = event->method == ICAL_CANCEL;

	buf_add(out,
		"BEGIN:VCALENDAR\r\nPRODID:-//unbook//bookings//EN\r\nVERSION:2.0\r\nCALSCALE:GREGORIAN\r\n");
	add_line(out, "METHOD", cancel ? "CANCEL" : "REQUEST");
	buf_add(out, "BEGIN:VEVENT\r\n");
	add_line(out, "UID", event->uid);
	buf_addf(out, "SEQUENCE:%lld\r\n", (long long)event->sequence);
	add_time_line(out, "DTSTAMP", event->stamped_at);
	add_time_line(out, "DTSTART", event->starts_at);
	add_time_line(out, "DTEND", event->ends_at);
	add_text_line(out, "SUMMARY", event->summary);
	add_text_line(out, "DESCRIPTION", event->description);
	if (event->url && event->url[0])
		add_line(out, "URL", event->url);
	add_person_line(out, "ORGANIZER", event->organizer_name, event->organizer_address);
	add_person_line(out,
			cancel ? "ATTENDEE" : "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=FALSE",
			event->attendee_name, event->attendee_address);
	add_line(out, "STATUS", cancel ? "CANCELLED" : "CONFIRMED");
	buf_add(out, "TRANSP:OPAQUE\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
	if (out->failed)
		return err_set(err, ERR_REJECT, "ical_too_large", "the calendar part passes %zu bytes",
			       out->max_bytes);
	return ERR_OK;
}
