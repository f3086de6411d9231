#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "str.h"

Test(str, copy_fits_whole_or_leaves_nothing)
{
	char dst[4] = "zzz";

	cr_assert(str_copy(dst, sizeof(dst), "abc"));
	cr_assert_str_eq(dst, "abc");
	cr_assert_not(str_copy(dst, sizeof(dst), "abcd"));
	cr_assert_str_eq(dst, "");
	cr_assert(str_copy(dst, sizeof(dst), NULL));
	cr_assert_str_eq(dst, "");
	cr_assert(str_copy(dst, 1, ""));
	cr_assert_not(str_copy(NULL, 0, ""));
}

Test(str, compares_with_and_without_case)
{
	cr_assert(str_eq("a", "a"));
	cr_assert_not(str_eq("a", "A"));
	cr_assert(str_eq(NULL, NULL));
	cr_assert_not(str_eq(NULL, ""));
	cr_assert(str_ieq("Content-Type", "content-tYPE"));
	cr_assert_not(str_ieq("abc", "abcd"));
	cr_assert_not(str_ieq("abcd", "abc"));
	cr_assert_not(str_ieq("[", "{"), "only letters have two cases");
	cr_assert_not(str_ieq("\xc3\xa4", "\xc3\x84"), "only ASCII letters");
	cr_assert_not(str_ieq(NULL, "a"));
	cr_assert(str_starts("refund:1", "refund:"));
	cr_assert(str_starts("x", ""));
	cr_assert_not(str_starts("ref", "refund"));
}

Test(str, reads_whole_numbers_to_the_limits_of_int64)
{
	static const struct {
		const char *text;
		int64_t value;
	} good[] = {{"0", 0},
		    {"7", 7},
		    {"-1", -1},
		    {"10", 10},
		    {"9223372036854775807", INT64_MAX},
		    {"-9223372036854775808", INT64_MIN},
		    {"1000000000000000000", INT64_C(1000000000000000000)}};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int64_t value = 42;

		cr_assert(str_to_int64(good[i].text, &value), "%s", good[i].text);
		cr_assert_eq(value, good[i].value, "%s", good[i].text);
	}
}

Test(str, refuses_everything_that_is_not_a_plain_number)
{
	static const char *const bad[] = {"",
					  "-",
					  "+1",
					  " 1",
					  "1 ",
					  "01",
					  "00",
					  "-0",
					  "-01",
					  "1.0",
					  "1e3",
					  "0x10",
					  "--1",
					  "1-",
					  "9223372036854775808",
					  "-9223372036854775809",
					  "92233720368547758070",
					  "99999999999999999999999",
					  "\xd9\xa1",
					  "1\n",
					  "1:",
					  "1/",
					  NULL};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t value = 42;

		cr_assert_not(str_to_int64(bad[i], &value), "%s", bad[i] ? bad[i] : "NULL");
		cr_assert_eq(value, 42, "written only on success");
	}
}

Test(str, every_int64_near_a_power_of_ten_survives_text_and_back)
{
	int64_t power = 1;

	for (int digits = 0; digits < 19; digits++, power = digits < 19 ? power * 10 : power) {
		for (int64_t near = power - 2; near <= power + 2; near++) {
			char text[32];
			int64_t value = 0;

			snprintf(text, sizeof(text), "%lld", (long long)near);
			cr_assert(str_to_int64(text, &value) && value == near, "%s", text);
		}
	}
}

/* The second way of deciding: decode, then look at the number. */
static bool utf8_by_decoding(const unsigned char *s, size_t len)
{
	while (len > 0) {
		unsigned int point, extra, least;

		if (s[0] < 0x80) {
			point = s[0];
			extra = 0;
			least = 1; /* no NUL */
		} else if ((s[0] & 0xe0) == 0xc0) {
			point = s[0] & 0x1f;
			extra = 1;
			least = 0x80;
		} else if ((s[0] & 0xf0) == 0xe0) {
			point = s[0] & 0x0f;
			extra = 2;
			least = 0x800;
		} else if ((s[0] & 0xf8) == 0xf0) {
			point = s[0] & 0x07;
			extra = 3;
			least = 0x10000;
		} else {
			return false;
		}
		if (extra >= len)
			return false;
		for (unsigned int i = 1; i <= extra; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return false;
			point = point << 6 | (s[i] & 0x3fu);
		}
		if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
			return false;
		s += extra + 1;
		len -= extra + 1;
	}
	return true;
}

Test(str, utf8_agrees_with_decoding_for_all_texts_of_up_to_three_bytes)
{
	for (unsigned int n = 0; n < 1u << 24; n++) {
		unsigned char s[3] = {(unsigned char)(n >> 16), (unsigned char)(n >> 8), (unsigned char)n};
		size_t len = n < 0x100 ? 1 : n < 0x10000 ? 2 : 3;
		const unsigned char *from = s + 3 - len;

		if (str_is_utf8((const char *)from, len) != utf8_by_decoding(from, len))
			cr_assert_fail("%06x", n);
	}
}

Test(str, utf8_agrees_with_decoding_for_four_bytes_at_every_edge)
{
	static const unsigned char edges[] = {0x01, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};

	for (unsigned int first = 0xe0; first < 0x100; first++)
		for (size_t n = 0; n < 1000; n++) {
			unsigned char s[4] = {(unsigned char)first, edges[n / 100], edges[n / 10 % 10],
					      edges[n % 10]};

			cr_assert_eq(str_is_utf8((const char *)s, 4), utf8_by_decoding(s, 4));
			cr_assert_not(str_is_utf8((const char *)s, 3) && !utf8_by_decoding(s, 3));
		}
}

Test(str, characters_are_counted_not_bytes)
{
	cr_assert_eq(str_count_chars("", 0), 0);
	cr_assert_eq(str_count_chars("Zoë €5 \xf0\x9f\x8e\x93", strlen("Zoë €5 \xf0\x9f\x8e\x93")), 8);
	cr_assert_eq(str_count_chars("Zoë", 2), 2, "no further than its length");
}

Test(str, utf8_knows_the_named_cases)
{
	cr_assert(str_is_utf8("", 0));
	cr_assert(str_is_utf8("Zoë €5 \xf0\x9f\x8e\x93", strlen("Zoë €5 \xf0\x9f\x8e\x93")));
	cr_assert_not(str_is_utf8("a\0b", 3), "NUL");
	cr_assert_not(str_is_utf8("\xc0\x80", 2), "overlong NUL");
	cr_assert_not(str_is_utf8("\xed\xa0\x80", 3), "surrogate");
	cr_assert_not(str_is_utf8("\xf4\x90\x80\x80", 4), "above U+10FFFF");
	cr_assert_not(str_is_utf8("\xe2\x82", 2), "cut");
}

Test(str, printable_is_ascii_from_blank_to_tilde)
{
	for (int c = 1; c < 256; c++) {
		char text[2] = {(char)c, '\0'};

		cr_assert_eq(str_is_printable(text), c >= 0x20 && c <= 0x7e, "%02x", c);
	}
	cr_assert(str_is_printable(""));
}

Test(str, blank_is_nothing_but_spaces)
{
	for (int c = 1; c < 256; c++) {
		char text[4] = {' ', (char)c, ' ', '\0'};

		cr_assert_eq(str_is_blank(text), c == ' ', "%02x", c);
	}
	cr_assert(str_is_blank(""));
	cr_assert_not(str_is_blank("  x"));
}
