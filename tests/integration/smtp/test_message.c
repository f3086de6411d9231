/* The bytes of a mail, as a mail program reads them. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "sink.h"

static json_t *deliver(const struct smtp_message *message)
{
	struct smtp_options options = sample_options(sink_url());
	struct sent sent = sample_send(&options, message);

	ASSERT_SENT(sent, MAIL_RESULT_ACCEPTED, 250);
	json_t *mails = sink_mails(message->to_address);
	cr_assert_eq(json_array_size(mails), 1);
	json_t *mail = json_incref(json_array_get(mails, 0));
	json_decref(mails);
	return mail;
}

static const char *field(const json_t *mail, const char *name)
{
	const char *text = json_string_value(json_object_get(mail, name));

	return text ? text : "";
}

static const char *header(const json_t *mail, const char *name)
{
	const json_t *headers = json_object_get(mail, "headers");

	for (size_t i = 0; i < json_array_size(headers); i++) {
		const json_t *pair = json_array_get(headers, i);

		if (!strcmp(json_string_value(json_array_get(pair, 0)), name))
			return json_string_value(json_array_get(pair, 1));
	}
	return "";
}

Test(message, parts_headers_and_names_arrive_as_written)
{
	struct smtp_message message = sample_message("whole@families.example");
	json_t *mail = deliver(&message);

	cr_assert(!strncmp(header(mail, "Content-Type"), "multipart/alternative", 21), "%s",
		  header(mail, "Content-Type"));
	cr_assert_str_eq(header(mail, "MIME-Version"), "", "libcurl writes Mime-Version");
	cr_assert_str_eq(header(mail, "Mime-Version"), "1.0");
	cr_assert_str_eq(field(mail, "subject"), "Abgesagt: Übung für Anfänger");
	cr_assert(strstr(field(mail, "to"), "Eva Müller"), "%s", field(mail, "to"));
	cr_assert_str_eq(header(mail, "Message-ID"), "<sample@school.example>");
	cr_assert_str_eq(header(mail, "Auto-Submitted"), "auto-generated");
	cr_assert(strstr(field(mail, "text"), "Fünf Wörter."));
	cr_assert(strstr(field(mail, "text"), "\r\n.\r\n..\r\nEnde"), "%s", field(mail, "text"));
	cr_assert(strstr(field(mail, "html"), "<p>Fünf Wörter</p>"));
	cr_assert(strstr(field(mail, "calendar"), "METHOD:CANCEL"));
	cr_assert_str_eq(field(mail, "calendar_method"), "CANCEL");
	json_decref(mail);
	cr_assert_eq(sink_violations(), 0);
}

Test(message, without_a_calendar_there_are_two_parts)
{
	struct smtp_message message = sample_message("two@families.example");

	message.calendar = NULL;
	json_t *mail = deliver(&message);
	cr_assert_str_eq(field(mail, "calendar"), "");
	json_decref(mail);
}

Test(message, long_lines_bare_line_ends_and_broken_names_break_no_rule)
{
	struct smtp_message message = sample_message("odd@families.example");
	char *line = calloc(1, 60001);

	memset(line, 'x', 60000);
	message.text = line;
	message.html = "<p>a\rb\nc\r\nd</p>\n.\n";
	message.subject = line + 59000; /* 1000 bytes without a space */
	message.to_name = "Eve\r\nBcc: everybody@families.example";
	json_t *mail = deliver(&message);
	cr_assert_str_eq(header(mail, "Bcc"), "");
	cr_assert_eq(strlen(field(mail, "subject")), 1000);
	cr_assert_eq(strspn(field(mail, "text"), "x"), 60000);
	json_decref(mail);
	cr_assert_eq(sink_violations(), 0);
	free(line);
}
