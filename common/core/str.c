/* str.c: comparing, copying and checking text */
#include "str.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

bool str_copy(char *dst, size_t cap, const char *src)
{
	size_t len = src ? strlen(src) : 0;

	if (cap == 0)
		return false;
	if (len >= cap) {
		dst[0] = '\0';
		return false;
	}
	if (len > 0)
		memcpy(dst, src, len);
	dst[len] = '\0';
	return true;
}

static unsigned char ascii_lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool str_ieq(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	while (*a && ascii_lower(*a) == ascii_lower(*b)) {
		a++;
		b++;
	}
	return ascii_lower(*a) == ascii_lower(*b);
}

bool str_eq(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

bool str_starts(const char *text, const char *prefix)
{
	return text && strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_to_int64(const char *text, int64_t *ret_value)
{
	bool negative = text && text[0] == '-';
	const char *digit = negative ? text + 1 : text;
	int64_t value = 0;

	if (!text || !*digit || (digit[0] == '0' && (digit[1] || negative)))
		return false;
	for (; *digit; digit++) {
		int add = *digit - '0';

		if (add < 0 || add > 9)
			return false;
		if (__builtin_mul_overflow(value, (int64_t)10, &value))
			return false;
		/* counted downwards when negative, so that INT64_MIN is reached */
		if (__builtin_add_overflow(value, (int64_t)(negative ? -add : add), &value))
			return false;
	}
	*ret_value = value;
	return true;
}

/* Length of the well-formed UTF-8 sequence at s (Unicode 15, table 3-7), 0 when there is none within left bytes. */
static size_t utf8_sequence(const unsigned char *s, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (left == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (len > left)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return len;
}

bool str_is_utf8(const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;

	while (len > 0) {
		size_t step = utf8_sequence(s, len);

		if (step == 0 || *s == '\0')
			return false;
		s += step;
		len -= step;
	}
	return true;
}

size_t str_count_chars(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80; /* not a byte that goes on */
	return count;
}

uint32_t str_take_char(const char **text)
{
	const unsigned char *at = (const unsigned char *)*text;
	uint32_t c = *at++;
	uint32_t ret = c < 0x80 ? c : c < 0xe0 ? c & 0x1f : c < 0xf0 ? c & 0x0f : c & 0x07;

	for (; (*at & 0xc0) == 0x80; at++)
		ret = ret << 6 | (*at & 0x3f);
	*text = (const char *)at;
	return ret;
}

uint64_t str_hash(const char *text, uint64_t seed)
{
	uint64_t hash = seed;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return hash ^ hash >> 32;
}

bool str_is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			return false;
	return true;
}

bool str_is_blank(const char *text)
{
	return text[strspn(text, " ")] == '\0';
}

size_t str_json_piece(const char **text, char ret_piece[STR_JSON_PIECE_BYTES])
{
	static const char short_forms[] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', [0x1f] = 0};
	const unsigned char *s = (const unsigned char *)*text;
	size_t len = utf8_sequence(s, strnlen(*text, 4));

	*text += len ? len : 1;
	if (len == 0) {
		memcpy(ret_piece, "\xef\xbf\xbd", 4);
		return 3;
	}
	if (*s == '"' || *s == '\\' || (*s < 0x20 && short_forms[*s])) {
		ret_piece[0] = '\\';
		ret_piece[1] = *s < 0x20 ? short_forms[*s] : (char)*s;
		ret_piece[2] = '\0';
		return 2;
	}
	if (*s < 0x20)
		return (size_t)snprintf(ret_piece, STR_JSON_PIECE_BYTES, "\\u%04x", *s);
	memcpy(ret_piece, s, len);
	ret_piece[len] = '\0';
	return len;
}
