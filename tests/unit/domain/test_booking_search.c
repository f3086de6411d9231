#include <criterion/criterion.h>
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
	};
	enum booking_search search;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_expect(booking_search_decode(cases[i].text, &search), "%s", cases[i].text);
		cr_expect_eq(search, cases[i].search, "%s", cases[i].text);
	}
}

Test(booking_search, too_little_and_too_much_are_nothing)
{
	static const char *const texts[] = {"", "0", "-1", "ab", "\xc3\xab\xc3\xab"};
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
