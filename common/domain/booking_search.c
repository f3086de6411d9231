#include "booking_search.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "str.h"

#define NAME_CHARACTERS_MIN 3
#define NAME_IDEOGRAPHS_MIN 2
#define COUNT(array)        (sizeof(array) / sizeof *(array))

struct range {
	uint32_t first, last;
};

static const struct range unseen[] = {
	{0xad, 0xad},     {0x61c, 0x61c},   {0x200b, 0x200b}, {0x200e, 0x200f},
	{0x202a, 0x202e}, {0x2060, 0x2060}, {0x2066, 0x2069}, {0xfeff, 0xfeff},
};

/* Around a text: spaces, and joiners that join nothing. */
static const struct range blanks[] = {
	{0x09, 0x0d},     {0x20, 0x20},     {0xa0, 0xa0},     {0x2000, 0x200a},
	{0x200c, 0x200d}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
};

/* Kana, Chinese characters, Hangul: a whole name is often two of them. */
static const struct range ideographs[] = {
	{0x3005, 0x3007}, {0x3041, 0x30ff}, {0x3400, 0x4dbf}, {0x4e00, 0x9fff},
	{0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xff66, 0xff9d}, {0x20000, 0x3ffff},
};

static bool is_in(const struct range *ranges, size_t count, uint32_t c)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

static bool is_long_enough(const char *name)
{
	size_t all = 0, whole = 0;

	while (*name) {
		whole += is_in(ideographs, COUNT(ideographs), str_take_char(&name));
		all++;
	}
	return all >= NAME_CHARACTERS_MIN || whole >= NAME_IDEOGRAPHS_MIN;
}

void booking_search_strip(char *text)
{
	const char *from = text;
	char *to = text, *end = text;

	while (*from) {
		const char *at = from;
		uint32_t c = str_take_char(&from);
		bool blank = is_in(blanks, COUNT(blanks), c);
		size_t len = (size_t)(from - at);

		if (is_in(unseen, COUNT(unseen), c) || (blank && to == text))
			continue;
		memmove(to, at, len);
		to += len;
		if (!blank)
			end = to;
	}
	*end = '\0';
}

bool booking_search_decode(const char *text, enum booking_search *ret_search)
{
	int64_t id;

	if (str_count_chars(text, strlen(text)) > BOOKING_SEARCH_CHARACTERS_MAX)
		return false;
	if (str_to_int64(text, &id) && id > 0)
		*ret_search = BOOKING_SEARCH_ID;
	else if (str_starts(text, "pi_"))
		*ret_search = BOOKING_SEARCH_PAYMENT;
	else if (str_starts(text, "cs_"))
		*ret_search = BOOKING_SEARCH_CHECKOUT;
	else if (str_starts(text, "re_") || str_starts(text, "pyr_"))
		*ret_search = BOOKING_SEARCH_REFUND;
	else if (strchr(text, '@'))
		*ret_search = BOOKING_SEARCH_EMAIL;
	else if (is_long_enough(text))
		*ret_search = BOOKING_SEARCH_NAME;
	else
		return false;
	return true;
}
