#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "str.h"

Test(buf, is_an_empty_text_from_the_start_and_after_release)
{
	struct buf buf;

	buf_init(&buf, 100);
	cr_assert_str_eq(buf.data, "");
	buf_reset(&buf);
	cr_assert_str_eq(buf.data, "");
	buf_add(&buf, "abc");
	buf_release(&buf);
	cr_assert_str_eq(buf.data, "");
	buf_add(&buf, "again");
	cr_assert_str_eq(buf.data, "again");
	buf_release(&buf);
	buf_release(&buf);
}

Test(buf, holds_exactly_its_maximum_and_not_a_byte_more)
{
	for (size_t max = 0; max < 300; max++) {
		struct buf buf;

		buf_init(&buf, max);
		for (size_t i = 0; i < max; i++)
			buf_add(&buf, "x");
		cr_assert_not(buf.failed);
		cr_assert_eq(buf.len, max);
		cr_assert_eq(strlen(buf.data), max);
		cr_assert_leq(buf.cap, max + 1);
		buf_add(&buf, "");
		cr_assert_not(buf.failed);
		buf_add(&buf, "y");
		cr_assert(buf.failed);
		cr_assert_eq(strlen(buf.data), max);
		buf_release(&buf);
	}
}

Test(buf, nothing_is_added_after_the_first_overflow)
{
	struct buf buf;

	buf_init(&buf, 5);
	buf_add(&buf, "abc");
	buf_add(&buf, "defg");
	buf_add(&buf, "h");
	buf_addf(&buf, "%d", 1);
	buf_add_json(&buf, "i");
	cr_assert(buf.failed);
	cr_assert_str_eq(buf.data, "abc");
	buf_reset(&buf);
	cr_assert_not(buf.failed);
	buf_add(&buf, "h");
	cr_assert_str_eq(buf.data, "h");
	buf_release(&buf);
}

Test(buf, formats_and_takes_bytes)
{
	struct buf buf;

	buf_init(&buf, 1000);
	buf_addf(&buf, "%s=%d", "a", 5);
	buf_add_bytes(&buf, "\0z", 2);
	cr_assert_eq(buf.len, 5);
	cr_assert_eq(memcmp(buf.data, "a=5\0z", 6), 0);
	buf_addf(&buf, "%0900d", 1);
	cr_assert_eq(buf.len, 905);
	buf_addf(&buf, "%0900d", 1);
	cr_assert(buf.failed);
	cr_assert_eq(buf.len, 905);
	buf_release(&buf);
}

static void check_json(const char *text, const char *expected)
{
	struct buf buf;
	json_t *value;

	buf_init(&buf, 1000);
	buf_add(&buf, "\"");
	buf_add_json(&buf, text);
	buf_add(&buf, "\"");
	value = json_loads(buf.data, JSON_DECODE_ANY, NULL);
	cr_assert_not_null(value, "%s", buf.data);
	cr_assert_str_eq(json_string_value(value), expected);
	json_decref(value);
	buf_release(&buf);
}

Test(buf, every_byte_survives_json_as_itself_or_as_a_replacement)
{
	for (int c = 1; c < 256; c++) {
		char text[4] = {'a', (char)c, 'b', '\0'};

		check_json(text, c < 0x80 ? text
					  : "a\xef\xbf\xbd"
					    "b");
	}
}

Test(buf, json_escapes_are_the_short_ones_where_there_are)
{
	struct buf buf;

	buf_init(&buf, 1000);
	buf_add_json(&buf, "\"\\/\b\f\n\r\t\x01\x1f\x7f€");
	cr_assert_str_eq(buf.data, "\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f€");
	buf_release(&buf);
}

Test(buf, broken_utf8_becomes_replacement_characters)
{
	check_json("\xf0\x9f\x8e\x93", "\xf0\x9f\x8e\x93");
	check_json("\xf0\x9f\x8e", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	check_json("\xc3", "\xef\xbf\xbd");
	check_json("\xed\xa0\x80x", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx");
}
