/* Every folder of tests/data/cancel_bodies: body, type (may be missing), and what it is expected to be: "none", "reason <text>",
 * "invalid <field>" or "unsupported". */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "request_json.h"

#define CASES UNBOOK_SOURCE_DIR "/tests/data/cancel_bodies"

static bool read_part(const char *name, const char *part, char *bytes, size_t cap, size_t *ret_len)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof path, CASES "/%s/%s", name, part);
	file = fopen(path, "rb");
	if (!file)
		return false;
	*ret_len = fread(bytes, 1, cap - 1, file);
	bytes[*ret_len] = '\0';
	fclose(file);
	return true;
}

Test(request_json, json_is_what_calls_itself_so_in_utf_8_or_says_nothing)
{
	static const struct {
		const char *content_type;
		bool may_be;
	} cases[] = {
		{NULL, true},
		{"", true},
		{"application/json", true},
		{"APPLICATION/JSON", true},
		{"application/json;charset=utf-8", true},
		{"application/json ; charset=\"UTF-8\"", true},
		{"application/json; v=1;  Charset=utf-8; q=2", true},
		{"application/json; xcharset=utf-16", true},
		{"application/json; charset=utf-16", false},
		{"application/json; charset=utf-8x", false},
		{"application/json; charset=", false},
		{"application/json; v=1; charset=latin1", false},
		{"application/jsonp", false},
		{"application/problem+json", false},
		{"text/json", false},
		{"text/plain", false},
		{"text/html; charset=utf-8", false},
		{";application/json", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(request_may_be_json(cases[i].content_type), cases[i].may_be, "case %zu", i);
}

static void describe(const struct request_body *body, char *ret_text, size_t cap)
{
	struct request_fault fault;
	struct arena arena;
	struct err err = {0};
	const char *reason;

	arena_init(&arena, 65536);
	if (request_decode_cancel(body, &arena, &reason, &fault, &err) == ERR_OK)
		snprintf(ret_text, cap, reason ? "reason %s" : "none", reason);
	else if (strcmp(err.code, "unsupported_media_type") == 0)
		snprintf(ret_text, cap, "unsupported");
	else
		snprintf(ret_text, cap, "invalid %s", fault.field);
	arena_release(&arena);
}

static char *first_line(char *text)
{
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void run_case(const char *name)
{
	static char bytes[20000], type[200], expect[20000], got[20000];
	size_t len, ignored;
	bool typed = read_part(name, "type", type, sizeof type, &ignored);
	struct request_body body = {typed ? first_line(type) : NULL, bytes, 0};

	cr_assert(read_part(name, "body", bytes, sizeof bytes, &len), "%s", name);
	cr_assert(read_part(name, "expect", expect, sizeof expect, &ignored), "%s", name);
	first_line(expect);
	body.len = len;
	describe(&body, got, sizeof got);
	first_line(got);
	cr_expect_str_eq(got, expect, "%s: got \"%.100s\", not \"%.100s\"", name, got, expect);
}

Test(request_json, every_case_ends_as_expected)
{
	DIR *cases = opendir(CASES);
	struct dirent *entry;
	int count = 0;

	cr_assert_not_null(cases);
	while ((entry = readdir(cases)))
		if (entry->d_name[0] != '.') {
			run_case(entry->d_name);
			count++;
		}
	closedir(cases);
	cr_assert_gt(count, 40);
}
