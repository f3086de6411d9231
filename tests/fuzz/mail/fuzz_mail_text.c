/* Any text as a name, a subject and a summary: no line of a header or of a calendar is too long, none begins where the text says so. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ical.h"
#include "mail_header.h"

#define OUT_BYTES_MAX (1024 * 1024)

/* Every CRLF is followed by a space, there is no other CR or LF, nothing is 8-bit, no line passes RFC 5322's 998. */
static void check_header(const struct buf *out)
{
	const char *line = out->data;

	for (const char *c = out->data; *c; c++) {
		if ((unsigned char)*c >= 0x80 || *c == '\n' || (*c == '\r' && (c[1] != '\n' || c[2] != ' ')))
			abort();
		if (*c == '\r') {
			line = ++c;
			continue;
		}
		if (c - line > 990)
			abort();
	}
}

static void check_header_of(const char *text)
{
	struct buf out;

	buf_init(&out, OUT_BYTES_MAX);
	mail_header_add_text(&out, text);
	check_header(&out);
	buf_reset(&out);
	mail_header_add_person(&out, text, "eva@families.example");
	check_header(&out);
	buf_release(&out);
}

static size_t lines_starting(const char *text, const char *start)
{
	size_t count = 0;

	for (const char *line = text; line; line = strstr(line, "\r\n"), line = line ? line + 2 : NULL)
		count += !strncmp(line, start, strlen(start));
	return count;
}

/* At most 75 octets a line, and exactly the lines that we wrote. */
static void check_calendar(const struct buf *out)
{
	for (const char *line = out->data; *line;) {
		const char *end = strstr(line, "\r\n");

		if (!end || end - line > 75 || memchr(line, '\n', (size_t)(end - line)))
			abort();
		line = end + 2;
	}
	if (lines_starting(out->data, "BEGIN:VEVENT") != 1 || lines_starting(out->data, "ATTENDEE") != 1
	    || lines_starting(out->data, "UID:") != 1)
		abort();
}

static void check_calendar_of(const char *text)
{
	const struct ical_event event = {.method = ICAL_CANCEL,
					 .uid = "u",
					 .summary = text,
					 .description = text,
					 .organizer_address = "a@families.example",
					 .organizer_name = text,
					 .attendee_address = "b@families.example",
					 .attendee_name = text};
	struct err err = {0};
	struct buf out;

	buf_init(&out, OUT_BYTES_MAX);
	if (ical_encode(&event, &out, &err) == ERR_OK)
		check_calendar(&out);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	check_header_of(text);
	if (str_is_utf8(text, strlen(text))) /* what PostgreSQL can hold */
		check_calendar_of(text);
	free(text);
	return 0;
}
