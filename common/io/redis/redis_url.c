/* redis_url.c: the parts of a redis:// url */
#include <string.h>

#include "redis_url.h"
#include "str.h"

#define SCHEME "redis://"

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *found = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* Copy the bytes before end, decoding %XX. False: too long, or a broken or zero %XX. */
static bool take_encoded(const char *text, const char *end, char *to, size_t cap)
{
	size_t len = 0;

	for (; text < end; text++) {
		int high = *text == '%' && end - text > 2 ? hex_digit(text[1]) : -1;
		int low = high >= 0 ? hex_digit(text[2]) : -1;

		if (len + 1 >= cap || (*text == '%' && (low < 0 || high * 16 + low == 0)))
			return false;
		to[len++] = *text == '%' ? (char)(high * 16 + low) : *text;
		text += *text == '%' ? 2 : 0;
	}
	to[len] = '\0';
	return true;
}

static bool take_plain(const char *text, const char *end, char *to, size_t cap)
{
	size_t len = (size_t)(end - text);

	if (len >= cap)
		return false;
	memcpy(to, text, len);
	to[len] = '\0';
	return true;
}

static bool take_login(const char *text, const char *end, struct redis_url *url)
{
	const char *colon = memchr(text, ':', (size_t)(end - text));

	return colon && take_encoded(text, colon, url->user, sizeof(url->user))
	       && take_encoded(colon + 1, end, url->password, sizeof(url->password));
}

static bool take_port(const char *text, const char *end, struct redis_url *url)
{
	char digits[8];
	int64_t port;

	if (!take_plain(text, end, digits, sizeof(digits)) || !str_to_int64(digits, &port) || port < 1
	    || port > 65535)
		return false;
	url->port = (int)port;
	return true;
}

static bool take_address(const char *text, const char *end, struct redis_url *url)
{
	const char *host_end = end;
	const char *colon = memrchr(text, ':', (size_t)(end - text));

	if (text < end && *text == '[') {
		text++;
		host_end = memchr(text, ']', (size_t)(end - text));
		colon = host_end && host_end + 1 < end ? host_end + 1 : NULL;
		if (!host_end || (colon && *colon != ':'))
			return false;
	} else if (colon) {
		host_end = colon;
	}
	url->port = 6379;
	return host_end > text && take_plain(text, host_end, url->host, sizeof(url->host))
	       && (!colon || take_port(colon + 1, end, url));
}

bool redis_url_decode(const char *url, struct redis_url *ret_url)
{
	struct redis_url parts = {0};
	const char *end;
	const char *slash;
	const char *at;
	int64_t db;

	if (!url || !str_starts(url, SCHEME))
		return false;
	url += strlen(SCHEME);
	end = url + strlen(url);
	at = memrchr(url, '@', (size_t)(end - url));
	if (at && !take_login(url, at, &parts))
		return false;
	url = at ? at + 1 : url;
	slash = strchr(url, '/');
	if (!take_address(url, slash ? slash : end, &parts))
		return false;
	if (slash && slash[1]
	    && (!take_plain(slash + 1, end, parts.db, sizeof(parts.db)) || !str_to_int64(parts.db, &db)
		|| db < 0))
		return false;
	*ret_url = parts;
	return true;
}
