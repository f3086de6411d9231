#include "smtp_mime.h"

#include <stdio.h>

#include "mail_header.h"
#include "str.h"

#define HEADER_BYTES_MAX 8192
#define BODY_BYTES_MAX   (512 * 1024)

struct lines {
	struct curl_slist *list;
	struct buf line; /* the one being written */
	bool failed;
};

static void end_line(struct lines *lines)
{
	struct curl_slist *longer =
		lines->line.failed ? NULL : curl_slist_append(lines->list, lines->line.data);

	lines->failed = lines->failed || !longer;
	if (longer)
		lines->list = longer;
	buf_reset(&lines->line);
}

static void add_person(struct lines *lines, const char *field, const char *name, const char *address)
{
	buf_addf(&lines->line, "%s: ", field);
	mail_header_add_person(&lines->line, name, address);
	end_line(lines);
}

static void add_headers(struct lines *lines, const struct smtp_options *options,
			const struct smtp_message *message)
{
	buf_add(&lines->line, "Date: ");
	mail_header_add_date(&lines->line, message->date);
	end_line(lines);
	add_person(lines, "From", options->from_name, options->from_address);
	add_person(lines, "To", message->to_name, message->to_address);
	buf_add(&lines->line, "Subject: ");
	mail_header_add_text(&lines->line, message->subject);
	end_line(lines);
	buf_addf(&lines->line, "Message-ID: %s", message->message_id);
	end_line(lines);
	buf_addf(&lines->line, "Content-Language: %s", message->language);
	end_line(lines);
	buf_add(&lines->line, "Auto-Submitted: auto-generated"); /* RFC 3834: no vacation answers, please */
	end_line(lines);
	buf_add(&lines->line, "Content-Type: multipart/alternative"); /* libcurl adds the boundary */
	end_line(lines);
}

struct curl_slist *smtp_headers_new(const struct smtp_options *options, const struct smtp_message *message)
{
	struct lines lines = {0};

	buf_init(&lines.line, HEADER_BYTES_MAX);
	add_headers(&lines, options, message);
	buf_release(&lines.line);
	if (!lines.failed)
		return lines.list;
	curl_slist_free_all(lines.list);
	return NULL;
}

/* Bare LF or CR would be passed on by libcurl as they are. */
static void add_crlf(struct buf *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\r' && c[1] == '\n')
			continue;
		if (*c == '\n' || *c == '\r')
			buf_add(out, "\r\n");
		else
			buf_add_bytes(out, c, 1);
	}
}

static bool add_part(curl_mime *alternatives, const char *type, const char *encoder, const char *text)
{
	struct buf body;
	curl_mimepart *part = curl_mime_addpart(alternatives);

	buf_init(&body, BODY_BYTES_MAX);
	add_crlf(&body, text);
	bool added = part && !body.failed && curl_mime_data(part, body.data, body.len) == CURLE_OK
		     && curl_mime_type(part, type) == CURLE_OK
		     && curl_mime_encoder(part, encoder) == CURLE_OK;
	buf_release(&body);
	return added;
}

static bool add_parts(curl_mime *alternatives, const struct smtp_message *message)
{
	char calendar_type[80];

	snprintf(calendar_type, sizeof(calendar_type), "text/calendar; charset=utf-8; method=%s",
		 message->calendar_method ? message->calendar_method : "");
	return add_part(alternatives, "text/plain; charset=utf-8", "quoted-printable", message->text)
	       && add_part(alternatives, "text/html; charset=utf-8", "quoted-printable", message->html)
	       && (!message->calendar || add_part(alternatives, calendar_type, "base64", message->calendar));
}

curl_mime *smtp_mime_new(CURL *curl, const struct smtp_message *message)
{
	curl_mime *alternatives = curl_mime_init(curl);

	if (!alternatives || add_parts(alternatives, message))
		return alternatives;
	curl_mime_free(alternatives);
	return NULL;
}
