#include "booking_search.h"

#include <stdint.h>
#include <string.h>

#include "str.h"

#define NAME_CHARACTERS_MIN 3

static size_t characters(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80; /* UTF-8: not a byte that goes on */
	return count;
}

bool booking_search_decode(const char *text, enum booking_search *ret_search)
{
	int64_t id;

	if (characters(text) > BOOKING_SEARCH_CHARACTERS_MAX)
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
	else if (characters(text) >= NAME_CHARACTERS_MIN)
		*ret_search = BOOKING_SEARCH_NAME;
	else
		return false;
	return true;
}
