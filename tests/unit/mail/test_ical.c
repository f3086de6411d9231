#include <criterion/criterion.h>
#include <string.h>

#include "ical.h"
#include "rfc3339.h"

static struct ical_event sample(void)
{
	struct ical_event event = {
		.method = ICAL_CANCEL,
		.uid = "booking-7@x.unbook",
		.sequence = 3,
		.summary = "Geige; mit Jürgen, Teil 2",
		.organizer_address = "no-reply@example.org",
		.organizer_name = "Schule \"am See\"",
		.attendee_address = "eva@example.org",
		.attendee_name = "Eva",
	};

	cr_assert(rfc3339_decode("2026-12-01T08:30:00Z", &event.starts_at));
	cr_assert(rfc3339_decode("2026-12-01T09:15:00Z", &event.ends_at));
	cr_assert(rfc3339_decode("2026-11-22T16:00:00Z", &event.stamped_at));
	return event;
}

static void encode(const struct ical_event *event, struct buf *out)
{
	struct err err = {0};

	buf_init(out, 16384);
	cr_assert_eq(ical_encode(event, out, &err), ERR_OK, "%s", err.msg);
}

Test(ical, cancel_names_the_same_event_as_cancelled)
{
	struct ical_event event = sample();
	struct buf out;

	encode(&event, &out);
	cr_assert(strstr(out.data, "METHOD:CANCEL\r\n"));
	cr_assert(strstr(out.data, "UID:booking-7@x.unbook\r\n"));
	cr_assert(strstr(out.data, "SEQUENCE:3\r\n"));
	cr_assert(strstr(out.data, "DTSTART:20261201T083000Z\r\n"));
	cr_assert(strstr(out.data, "DTEND:20261201T091500Z\r\n"));
	cr_assert(strstr(out.data, "STATUS:CANCELLED\r\n"));
	cr_assert(strstr(out.data, "SUMMARY:Geige\\; mit Jürgen\\, Teil 2\r\n"));
	cr_assert(strstr(out.data, "ORGANIZER;CN=\"Schule am See\":mailto:no-reply@example.org\r\n"));
	buf_release(&out);
}

Test(ical, request_carries_the_link)
{
	struct ical_event event = sample();
	struct buf out;

	event.method = ICAL_REQUEST;
	event.url = "https://meet.example.org/abc";
	encode(&event, &out);
	cr_assert(strstr(out.data, "METHOD:REQUEST\r\n"));
	cr_assert(strstr(out.data, "STATUS:CONFIRMED\r\n"));
	cr_assert(strstr(out.data, "URL:https://meet.example.org/abc\r\n"));
	buf_release(&out);
}

Test(ical, lines_end_in_crlf_and_never_pass_75_octets_nor_cut_a_character)
{
	struct ical_event event = sample();
	struct buf out;
	char summary[400];

	for (size_t shift = 0; shift < 5; shift++) {
		memset(summary, 'x', shift);
		for (size_t i = shift; i + 3 < sizeof(summary); i += 3)
			memcpy(summary + i, "\xe2\x82\xac", 4);
		event.summary = summary;
		encode(&event, &out);
		for (const char *line = out.data, *end = NULL; *line; line = end + 2) {
			end = strstr(line, "\r\n");
			cr_assert(end && end - line <= 75);
			cr_assert_not(memchr(line, '\n', (size_t)(end - line)));
			cr_assert_neq((unsigned char)(line[0] == ' ' ? line[1] : line[0]) & 0xc0, 0x80,
				      "a character was cut");
		}
		buf_release(&out);
	}
}

Test(ical, a_name_cannot_start_a_line_of_its_own)
{
	struct ical_event event = sample();
	struct buf out;

	event.attendee_name = "Eva\r\nATTENDEE:mailto:x@example.org";
	event.summary = "a\r\nSTATUS:CONFIRMED";
	encode(&event, &out);
	cr_assert_not(strstr(out.data, "\r\nATTENDEE:mailto:x"));
	cr_assert_not(strstr(out.data, "\r\nSTATUS:CONFIRMED"));
	buf_release(&out);
}

Test(ical, refuses_to_pass_its_maximum)
{
	struct ical_event event = sample();
	struct err err = {0};
	struct buf out;

	buf_init(&out, 200);
	cr_assert_eq(ical_encode(&event, &out, &err), ERR_REJECT);
	cr_assert_str_eq(err.code, "ical_too_large");
	buf_release(&out);
}
