#include "http_route.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool segment_is_clean(const char *text, size_t len)
{
	if (len == 0 || (len == 1 && text[0] == '.') || (len == 2 && text[0] == '.' && text[1] == '.'))
		return false;
	for (size_t i = 0; i < len; i++) {
		int high, low, byte;

		if (text[i] < 0x21 || text[i] > 0x7e || strchr("\\\"<>^`{|}#", text[i]))
			return false;
		if (text[i] != '%')
			continue;
		if (i + 2 >= len)
			return false;
		high = hex_digit(text[i + 1]);
		low = hex_digit(text[i + 2]);
		byte = high * 16 + low;
		if (high < 0 || low < 0 || byte < 0x20 || byte == 0x7f || strchr("/\\.", byte))
			return false;
		i += 2;
	}
	return true;
}

bool http_path_is_clean(const char *path, size_t len)
{
	size_t at = 1;

	if (len == 0 || path[0] != '/')
		return false;
	while (at < len) {
		const char *slash = memchr(path + at, '/', len - at);
		size_t end = slash ? (size_t)(slash - path) : len;

		if (!segment_is_clean(path + at, end - at))
			return false;
		at = end + 1;
	}
	return true;
}

/* The next segment of path from *at on; false at the end. */
static bool next_segment(const char *path, size_t len, size_t *at, struct http_piece *ret_piece)
{
	size_t start = *at;

	if (start < len && path[start] == '/')
		start++;
	if (start >= len)
		return false;
	*at = start;
	while (*at < len && path[*at] != '/')
		++*at;
	*ret_piece = (struct http_piece){path + start, *at - start};
	return true;
}

static bool pattern_matches(const char *pattern, const char *path, size_t path_len, struct http_match *match)
{
	size_t pattern_at = 0, path_at = 0, pattern_len = strlen(pattern);
	struct http_piece want, have;

	match->param_count = 0;
	for (;;) {
		bool more = next_segment(pattern, pattern_len, &pattern_at, &want);

		if (more != next_segment(path, path_len, &path_at, &have))
			return false;
		if (!more)
			return true;
		if (want.text[0] == '{') {
			if (match->param_count == HTTP_PARAMS_MAX)
				return false;
			match->params[match->param_count++] = have;
		} else if (want.len != have.len || strncasecmp(want.text, have.text, want.len) != 0) {
			return false;
		}
	}
}

void http_route_match(const struct http_route *routes, size_t count, enum http_method method,
		      const char *path, size_t path_len, struct http_match *ret_match)
{
	int fewest = HTTP_PARAMS_MAX + 1;

	*ret_match = (struct http_match){0};
	for (size_t i = 0; i < count; i++) {
		struct http_match match = {0};

		if (!pattern_matches(routes[i].pattern, path, path_len, &match) || match.param_count > fewest)
			continue;
		if (match.param_count < fewest)
			*ret_match = (struct http_match){0};
		fewest = match.param_count;
		ret_match->allow |= 1u << routes[i].method;
		if (ret_match->route || routes[i].method != method)
			continue;
		ret_match->route = &routes[i];
		memcpy(ret_match->params, match.params, sizeof match.params);
		ret_match->param_count = match.param_count;
	}
}

static const char *const method_names[] = {"GET", "POST", "PUT", "OPTIONS"};

bool http_method_decode(const char *verb, enum http_method *ret_method)
{
	if (strcmp(verb, "HEAD") == 0) {
		*ret_method = HTTP_GET;
		return true;
	}
	for (unsigned i = 0; i < sizeof method_names / sizeof *method_names; i++)
		if (strcmp(verb, method_names[i]) == 0) {
			*ret_method = (enum http_method)i;
			return true;
		}
	return false;
}

const char *http_method_name(enum http_method method)
{
	return method_names[method];
}

void http_allow(unsigned allow, char *ret_text, size_t cap)
{
	size_t used = 0;

	ret_text[0] = '\0';
	if (allow)
		allow |= 1u << HTTP_OPTIONS;
	for (unsigned i = 0; i < sizeof method_names / sizeof *method_names; i++) {
		int wrote;

		if (!(allow & (1u << i)))
			continue;
		wrote = snprintf(ret_text + used, cap - used, "%s%s%s", used ? ", " : "", method_names[i],
				 i == HTTP_GET ? ", HEAD" : "");
		if (wrote < 0 || (size_t)wrote >= cap - used)
			return;
		used += (size_t)wrote;
	}
}
