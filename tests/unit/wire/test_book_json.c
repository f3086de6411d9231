#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "book_json.h"
#include "rfc3339.h"

#define WHEN "\"scheduledDateTime\":\"2026-12-31T17:00:00+01:00\""

/* "teacher student offer time notes", or "invalid <field>". */
static const char *decoded(const char *text)
{
	static char words[8200];
	char when[RFC3339_BYTES];
	struct request_fault fault;
	struct book_body body;
	struct arena arena;
	struct err err = {0};

	arena_init(&arena, 65536);
	if (book_body_decode(text, strlen(text), &arena, &body, &fault, &err)) {
		cr_expect_str_eq(err.code, "invalid_body");
		snprintf(words, sizeof words, "invalid %s", fault.field);
	} else {
		rfc3339_encode(body.scheduled_at, when);
		snprintf(words, sizeof words, "%lld %lld %lld %s %s", (long long)body.teacher_id,
			 (long long)body.student_id, (long long)body.offer_id, when,
			 body.notes       ? body.notes
			 : body.has_notes ? "none"
					  : "-");
	}
	arena_release(&arena);
	return words;
}

Test(book_json, takes_what_is_needed_and_what_may_be_left_out)
{
	cr_expect_str_eq(decoded("{\"teacherId\":7," WHEN "}"), "7 0 0 2026-12-31T16:00:00Z -");
	cr_expect_str_eq(
		decoded("{\"teacherId\":7,\"studentId\":null,\"offerId\":null,\"notes\":null," WHEN "}"),
		"7 0 0 2026-12-31T16:00:00Z -");
	cr_expect_str_eq(
		decoded("{\"teacherId\":7,\"studentId\":8,\"offerId\":9,\"notes\":\" fractions\\n\"," WHEN
			"}"),
		"7 8 9 2026-12-31T16:00:00Z fractions");
	cr_expect_str_eq(decoded("{\"teacherId\":7,\"notes\":\"  \"," WHEN "}"),
			 "7 0 0 2026-12-31T16:00:00Z none");
}

Test(book_json, refuses_the_rest_by_name)
{
	static const struct {
		const char *text, *field;
	} cases[] = {
		{"", "body"},
		{"null", "body"},
		{"[]", "body"},
		{"7", "body"},
		{"{", "body"},
		{"{} x", "body"},
		{"NaN", "body"},
		{"{\"teacherId\":NaN}", "body"},
		{"{\"notes\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", "body"},
		{"{\"\":1}", "body"},
		{"{\"teacherId\":7,\"teacherId\":8," WHEN "}", "teacherId"},
		{"{\"teacherId\":9223372036854775808}", "teacherId"},
		{"{\"notes\":\"a:\\\"{\",\"offerId\" : -9223372036854775809 ," WHEN "}", "offerId"},
		{"{\"studentId\":1e400}", "studentId"},
		{"{\"notes\":{\"a\":[1,{\"b\":1e400}]}}", "notes"},
		{"{\"offerId\":{\"b\":1,\"b\":2}}", "offerId"},
		{"{\"teacherId\":7,\"notes\":\"a\\u0000\"}", "notes"},
		{"{\"teacherId\":7,\"notes\":\"\xff\"}", "notes"},
		{"[1e400]", "body"},
		{"1e400", "body"},
		{"{\"0123456789012345678901234567890123456789012345678901234567890123\":1e400}", "body"},
		{"{}", "teacherId"},
		{"{\"teacherId\":null," WHEN "}", "teacherId"},
		{"{\"teacherId\":\"7\"," WHEN "}", "teacherId"},
		{"{\"teacherId\":7.0," WHEN "}", "teacherId"},
		{"{\"teacherId\":0," WHEN "}", "teacherId"},
		{"{\"teacherId\":-7," WHEN "}", "teacherId"},
		{"{\"teacherId\":7,\"studentId\":\"x\"," WHEN "}", "studentId"},
		{"{\"teacherId\":7,\"offerId\":true," WHEN "}", "offerId"},
		{"{\"teacherId\":7}", "scheduledDateTime"},
		{"{\"teacherId\":7,\"scheduledDateTime\":1798736400}", "scheduledDateTime"},
		{"{\"teacherId\":7,\"scheduledDateTime\":\"2026-12-31T17:00:00\"}", "scheduledDateTime"},
		{"{\"teacherId\":7,\"scheduledDateTime\":\"tomorrow\"}", "scheduledDateTime"},
		{"{\"teacherId\":7,\"notes\":5," WHEN "}", "notes"},
		{"{\"teacherId\":7,\"notes\":\"a\\u0007\"," WHEN "}", "notes"},
		{"{\"teacherId\":7,\"price\":1," WHEN "}", "price"},
		{"{\"0123456789012345678901234567890123456789012345678901234567890123\":1}", "body"},
		{"{\"teacherId\":7,\"status\":1," WHEN "}", "status"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char expect[80];

		snprintf(expect, sizeof expect, "invalid %s", cases[i].field);
		cr_expect_str_eq(decoded(cases[i].text), expect, "%s: %s", cases[i].text,
				 decoded(cases[i].text));
	}
}

/* Overwritten by the next call. */
static const char *with_notes(const char *character, int times)
{
	static char text[9000];
	int len = snprintf(text, sizeof text, "{\"teacherId\":7," WHEN ",\"notes\":\"");

	for (int i = 0; i < times; i++)
		len += snprintf(text + len, sizeof text - (size_t)len, "%s", character);
	snprintf(text + len, sizeof text - (size_t)len, "\"}");
	return text;
}

Test(book_json, notes_have_a_limit)
{
	cr_expect_str_eq(decoded(with_notes("x", 2001)), "invalid notes");
	cr_expect_str_neq(decoded(with_notes("x", 2000)), "invalid notes");
	cr_expect_str_neq(decoded(with_notes("\xc3\xa4", 2000)), "invalid notes", "characters, not bytes");
	cr_expect_str_eq(decoded(with_notes("\xc3\xa4", 2001)), "invalid notes");
	cr_expect_str_neq(decoded(with_notes("\xf0\x9f\x8e\x93", 2000)), "invalid notes", "four bytes each");
}
