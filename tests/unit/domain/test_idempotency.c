#include <criterion/criterion.h>
#include <string.h>

#include "idempotency.h"
#include "str.h"

/* The key of a header, "-" when it has none. */
static const char *key_of(const char *header)
{
	static char key[IDEMPOTENCY_KEY_BYTES];

	return idempotency_key_decode(header, key) ? key : "-";
}

Test(idempotency, quoted_and_bare_name_the_same_key)
{
	cr_expect_str_eq(key_of("8e03978e-40d5-43dd-bc93-6894a57f9324"),
			 "8e03978e-40d5-43dd-bc93-6894a57f9324");
	cr_expect_str_eq(key_of("\"8e03978e-40d5-43dd-bc93-6894a57f9324\""),
			 "8e03978e-40d5-43dd-bc93-6894a57f9324");
	cr_expect_str_eq(key_of("a"), "a");
	cr_expect_str_eq(key_of("two words"), "two words");
	cr_expect_str_eq(key_of("in \"the\" middle"), "in \"the\" middle");
	cr_expect_str_eq(key_of("\"a \\\"b\\\" \\\\c\""), "a \"b\" \\c");
}

Test(idempotency, what_is_no_key_is_refused)
{
	static const char *const headers[] = {
		"",         "\"\"",      "\"",          "\"open", "\"a\"b\"",      "\"a\\\"",
		"\"a\\n\"", "tab\there", "caf\xc3\xa9", "\x7f",   "line\r\nbreak",
	};

	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		cr_expect_str_eq(key_of(headers[i]), "-", "%s", headers[i]);
}

Test(idempotency, a_key_has_at_most_255_characters)
{
	char header[300];

	memset(header, 'k', sizeof header);
	header[255] = '\0';
	cr_expect_eq(strlen(key_of(header)), 255);
	header[255] = 'k';
	header[256] = '\0';
	cr_expect_str_eq(key_of(header), "-");
	header[0] = header[256] = '"';
	header[257] = '\0';
	cr_expect_eq(strlen(key_of(header)), 255);
	header[256] = 'k';
	header[257] = '"';
	header[258] = '\0';
	cr_expect_str_eq(key_of(header), "-");
}

Test(idempotency, what_a_key_is_decides_over_what_is_remembered)
{
	for (int bits = 0; bits < 8; bits++) {
		const struct idempotency_memory memory = {bits & 1, bits & 2, bits & 4};
		enum idempotency_verdict wanted = !memory.is_known          ? IDEMPOTENCY_NEW
						  : !memory.is_same_request ? IDEMPOTENCY_OTHER
						  : memory.has_answer       ? IDEMPOTENCY_REPLAY
									    : IDEMPOTENCY_GO_ON;

		cr_expect_eq(idempotency_decide(&memory), wanted, "%d", bits);
	}
}

Test(idempotency, an_answer_is_kept_unless_another_process_has_the_key)
{
	for (int bits = 0; bits < 16; bits++) {
		const struct idempotency_memory memory = {bits & 1, bits & 2, bits & 4};
		bool owns_row = bits & 8;
		enum idempotency_verdict before = idempotency_decide(&memory);

		cr_expect_eq(idempotency_conclude(&memory, owns_row),
			     before == IDEMPOTENCY_GO_ON && !owns_row ? IDEMPOTENCY_TWIN : before, "%d",
			     bits);
		cr_expect_neq(before, IDEMPOTENCY_TWIN);
	}
}

Test(idempotency, only_what_stays_true_is_kept)
{
	static const struct {
		int status;
		const char *code;
		bool is_kept;
	} cases[] = {
		{200, NULL, true},
		{201, NULL, true},
		{409, "too_late", true},
		{409, "not_cancellable", true},
		{409, "refunded", true},
		{400, "already_paid", true},
		{400, "too_soon", false},
		{400, "invalid_body", false},
		{400, "not_paid", false},
		{401, "unauthenticated", false},
		{403, "forbidden", false},
		{404, "not_found", false},
		{409, "in_progress", false},
		{409, "own_hold", false},
		{409, "slot_taken", false},
		{409, "too_many_holds", false},
		{415, "unsupported_media_type", false},
		{429, "too_many_requests", false},
		{500, "internal", false},
		{502, "payment_unavailable", false},
		{503, "unavailable", false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(idempotency_is_kept(cases[i].status, cases[i].code), cases[i].is_kept, "%d %s",
			     cases[i].status, cases[i].code ? cases[i].code : "");
}
