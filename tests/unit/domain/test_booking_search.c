#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "booking_search.h"

Test(booking_search, what_is_typed_says_what_it_is)
{
	static const struct {
		const char *text;
		enum booking_search search;
	} cases[] = {
		{"7", BOOKING_SEARCH_ID},
		{"9223372036854775807", BOOKING_SEARCH_ID},
		{"9223372036854775808", BOOKING_SEARCH_NAME},
		{"007", BOOKING_SEARCH_NAME},
		{"pi_3Abc", BOOKING_SEARCH_PAYMENT},
		{"cs_test_a1", BOOKING_SEARCH_CHECKOUT},
		{"re_3Abc", BOOKING_SEARCH_REFUND},
		{"pyr_1Abc", BOOKING_SEARCH_REFUND},
		{"pat@example.com", BOOKING_SEARCH_EMAIL},
		{"@", BOOKING_SEARCH_EMAIL},
		{"pia", BOOKING_SEARCH_NAME},
		{"Zo\xc3\xab", BOOKING_SEARCH_NAME},
		{"%_%", BOOKING_SEARCH_NAME},
		{"\xe7\x94\xb0\xe4\xb8\xad", BOOKING_SEARCH_NAME}, /* Tanaka */
		{"\xea\xb9\x80\xec\x88\x98", BOOKING_SEARCH_NAME}, /* Kim Su */
	};
	enum booking_search search;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_expect(booking_search_decode(cases[i].text, &search), "%s", cases[i].text);
		cr_expect_eq(search, cases[i].search, "%s", cases[i].text);
	}
}

Test(booking_search, too_little_and_too_much_are_nothing)
{
	static const char *const texts[] = {
		"", "0", "-1", "ab", "\xc3\xab\xc3\xab", "\xe7\x94\xb0", "a\xe7\x94\xb0"};
	char text[300];
	enum booking_search search;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		cr_expect_not(booking_search_decode(texts[i], &search), "%s", texts[i]);
	memset(text, 'a', sizeof text);
	text[254] = '\0';
	cr_expect(booking_search_decode(text, &search));
	text[254] = 'a';
	text[255] = '\0';
	cr_expect_not(booking_search_decode(text, &search));
}

Test(booking_search, the_longest_word_decides)
{
	enum booking_search search;

	cr_expect(booking_search_decode("o neill", &search) && search == BOOKING_SEARCH_NAME);
	cr_expect(booking_search_decode("a \xe7\x94\xb0\xe4\xb8\xad", &search));
	cr_expect_not(booking_search_decode("an na be", &search));
	cr_expect_not(booking_search_decode("a-b-c-d", &search));
	cr_expect_not(booking_search_decode("a\xe2\x80\x8d\xe2\x80\x8d\xe2\x80\x8d"
					    "b",
					    &search),
		      "joiners are no letters");
}

Test(booking_search, words_stand_apart_and_the_one_that_tells_most_first)
{
	static const struct {
		const char *typed, *words;
	} cases[] = {
		{"pia", "pia"},
		{"Pia  Parent", "Parent Pia"},
		{"Berger, Anna-Maria", "Berger Anna Maria"},
		{"o\xe2\x80\x99neill", "neill o"},          /* typographic */
		{"an\xe2\x80\x90na\xc2\xa0le", "an na le"}, /* U+2010, no-break blank */
		{"''--,, anna ,", "anna"},
		{"kim \xea\xb9\x80\xec\x88\x98\xed\x98\x84", "\xea\xb9\x80\xec\x88\x98\xed\x98\x84 kim"},
		{"a\xe2\x80\x8c"
		 "bc \xe2\x80\x8d"
		 "d",
		 "a\xe2\x80\x8c"
		 "bc d"}, /* joiners part nothing */
		{"anna anna", "anna anna"},
		{"-", ""},
	};
	char words[64];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		booking_search_words(cases[i].typed, words);
		cr_expect_str_eq(words, cases[i].words, "%zu: %s", i, words);
	}
}

Test(booking_search, what_nobody_sees_is_not_searched_for)
{
	static const struct {
		const char *typed, *text;
	} cases[] = {
		{"pia", "pia"},
		{" \t18\n", "18"},
		{"\xe2\x81\xa8Pia\xe2\x81\xa9 P", "Pia P"},       /* isolated */
		{"\xe2\x80\x8e\xe2\x80\x8fpi_3\xd8\x9c", "pi_3"}, /* marks of direction */
		{"no\xc2\xadv\xe2\x80\x8b\xef\xbb\xbf\xc3\xa1k",
		 "nov\xc3\xa1k"}, /* soft hyphen, zero width */
		{"\xe3\x80\x80\xe7\x94\xb0\xc2\xa0", "\xe7\x94\xb0"},
		{"\xe2\x80\x8d"
		 "a\xe2\x80\x8c"
		 "b\xe2\x80\x8c",
		 "a\xe2\x80\x8c"
		 "b"}, /* joiners */
		{" \xe2\x80\x8b ", ""},
	};
	char text[64];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(text, sizeof text, "%s", cases[i].typed);
		booking_search_strip(text);
		cr_expect_str_eq(text, cases[i].text, "%zu", i);
	}
}
