#include <criterion/criterion.h>
#include <string.h>

#include "mail_header.h"
#include "rfc3339.h"

static void expect_text(const char *text, const char *expected)
{
	struct buf out;

	buf_init(&out, 4000);
	mail_header_add_text(&out, text);
	cr_assert_str_eq(out.data, expected);
	buf_release(&out);
}

Test(mail_header, plain_ascii_stays)
{
	expect_text("Cancelled: Violin on Tuesday", "Cancelled: Violin on Tuesday");
	expect_text("", "");
}

Test(mail_header, anything_else_is_encoded)
{
	expect_text("Grüße", "=?UTF-8?B?R3LDvMOfZQ==?=");
	expect_text("a\r\nBcc: x@y", "=?UTF-8?B?YSAgQmNjOiB4QHk=?=");
	expect_text("=?UTF-8?B?eA==?=", "=?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=");
}

Test(mail_header, long_texts_become_several_words_of_whole_characters)
{
	struct buf out;
	char text[200] = "";

	for (int i = 0; i < 60; i++)
		strncat(text, "ü", sizeof(text) - strlen(text) - 1);
	buf_init(&out, 4000);
	mail_header_add_text(&out, text);
	for (const char *line = out.data; line;
	     line = strstr(line, "\r\n ") ? strstr(line, "\r\n ") + 3 : NULL) {
		const char *end = strstr(line, "\r\n");

		cr_assert_leq(end ? (size_t)(end - line) : strlen(line), 75);
		cr_assert_eq(strncmp(line, "=?UTF-8?B?", 10), 0);
		cr_assert_neq(line[10], 'v', "0xbc, the second half of an ü, at the start of a word");
	}
	buf_release(&out);
}

Test(mail_header, people)
{
	static const struct {
		const char *name, *expected;
	} cases[] = {
		{NULL, "eva@example.org"},
		{"", "eva@example.org"},
		{"Eva", "\"Eva\" <eva@example.org>"},
		{"Eva \"E\" \\ Li", "\"Eva \\\"E\\\" \\\\ Li\" <eva@example.org>"},
		{"Zoë", "=?UTF-8?B?Wm/Dqw==?= <eva@example.org>"},
		{"E\nBcc: x@y", "=?UTF-8?B?RSBCY2M6IHhAeQ==?= <eva@example.org>"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out;

		buf_init(&out, 4000);
		mail_header_add_person(&out, cases[i].name, "eva@example.org");
		cr_assert_str_eq(out.data, cases[i].expected);
		buf_release(&out);
	}
}

Test(mail_header, date_is_utc)
{
	struct instant at;
	struct buf out;

	cr_assert(rfc3339_decode("2026-12-01T08:30:00Z", &at));
	buf_init(&out, 100);
	mail_header_add_date(&out, at);
	cr_assert_str_eq(out.data, "Tue, 01 Dec 2026 08:30:00 +0000");
	buf_release(&out);
}
