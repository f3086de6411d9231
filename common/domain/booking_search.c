#include "booking_search.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "str.h"

#define WEIGHT_MIN   6 /* of one word of a name: three letters, or two ideographs */
#define COUNT(array) (sizeof(array) / sizeof *(array))

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

/* Between the words of a name, beside blanks: hyphens, apostrophes, commas, a middle dot between Katakana. */
static const struct range joints[] = {
	{0x27, 0x27},     {0x2c, 0x2d},     {0x60, 0x60},     {0xb4, 0xb4},     {0x2bb, 0x2bc},
	{0x58a, 0x58a},   {0x5be, 0x5be},   {0x5f3, 0x5f3},   {0x60c, 0x60c},   {0x2010, 0x2015},
	{0x2018, 0x2019}, {0x201b, 0x201b}, {0x2032, 0x2032}, {0x2212, 0x2212}, {0x3001, 0x3001},
	{0x30fb, 0x30fb}, {0xfe58, 0xfe58}, {0xfe63, 0xfe63}, {0xff07, 0xff07}, {0xff0c, 0xff0d},
	{0xff65, 0xff65},
};

static bool is_in(const struct range *ranges, size_t count, uint32_t c)
{
	for (size_t i = 0; i < count; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

static bool is_joiner(uint32_t c)
{
	return c == 0x200c || c == 0x200d;
}

/* A word of a name; in the text that it came from. */
struct word {
	const char *at;
	size_t len; /* bytes; 0: there is none */
	int weight;
};

/* The next one of *text, which moves past it. */
static struct word take_word(const char **text)
{
	struct word word = {.at = *text};

	for (const char *next = *text; *next; *text = next) {
		uint32_t c = str_take_char(&next);

		if (is_joiner(c)) {
			word.len += word.len ? (size_t)(next - *text) : 0;
		} else if (!is_in(blanks, COUNT(blanks), c) && !is_in(joints, COUNT(joints), c)) {
			word.at = word.len ? word.at : *text;
			word.len += (size_t)(next - *text);
			word.weight += is_in(ideographs, COUNT(ideographs), c) ? 3 : 2;
		} else if (word.len) {
			break;
		}
	}
	return word;
}

static struct word heaviest(const char *text)
{
	struct word found = {0};

	for (struct word word = take_word(&text); word.len; word = take_word(&text))
		if (word.weight > found.weight)
			found = word;
	return found;
}

void booking_search_words(const char *text, char *ret_words)
{
	const struct word first = heaviest(text);
	char *end = ret_words;

	memcpy(end, first.at ? first.at : "", first.len);
	end += first.len;
	for (struct word word = take_word(&text); word.len; word = take_word(&text))
		if (word.at != first.at) {
			*end++ = ' ';
			memcpy(end, word.at, word.len);
			end += word.len;
		}
	*end = '\0';
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
	else if (heaviest(text).weight >= WEIGHT_MIN)
		*ret_search = BOOKING_SEARCH_NAME;
	else
		return false;
	return true;
}
