/* http_request.c: what handlers read from a request and add to an answer */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_exchange.h"

const char *http_request_header(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

struct header_count {
	const char *name;
	int count;
};

static enum MHD_Result count_header(void *argument, enum MHD_ValueKind kind, const char *name,
				    const char *value)
{
	struct header_count *count = argument;

	(void)kind, (void)value;
	count->count += str_ieq(name, count->name);
	return MHD_YES;
}

int http_request_header_count(const struct http_request *request, const char *name)
{
	struct header_count count = {.name = name};

	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, count_header, &count);
	return count.count;
}

static int hex_value(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Decode %xx and '+'; NULL when broken. */
static const char *decode(struct arena *arena, const char *text, size_t len)
{
	char *plain = arena_strndup(arena, text, len);
	size_t used = 0;

	if (!plain)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '+') {
			plain[used++] = ' ';
		} else if (text[i] != '%') {
			plain[used++] = text[i];
		} else {
			int high = i + 2 < len ? hex_value(text[i + 1]) : -1;
			int low = i + 2 < len ? hex_value(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return NULL;
			plain[used++] = (char)(high * 16 + low);
			i += 2;
		}
	}
	plain[used] = '\0';
	return str_is_utf8(plain, used) ? plain : NULL;
}

/* The next name=value of *query; false at the end. */
static bool next_pair(const char **query, struct http_piece *ret_name, struct http_piece *ret_value)
{
	const char *at = *query;
	size_t pair_len, name_len;

	while (*at == '&')
		at++;
	if (!*at)
		return false;
	pair_len = strcspn(at, "&");
	name_len = strcspn(at, "&=");
	*ret_name = (struct http_piece){at, name_len};
	*ret_value = (struct http_piece){at + name_len, 0};
	if (name_len < pair_len)
		*ret_value = (struct http_piece){at + name_len + 1, pair_len - name_len - 1};
	*query = at + pair_len;
	return true;
}

const char *http_request_query(const struct http_request *request, const char *name, int *ret_count)
{
	const char *query = request->query, *value = NULL;
	struct http_piece key, raw;
	int count = 0;

	while (next_pair(&query, &key, &raw)) {
		if (key.len != strlen(name) || strncasecmp(key.text, name, key.len) != 0)
			continue;
		if (count++ == 0)
			value = decode(request->arena, raw.text, raw.len);
	}
	if (ret_count)
		*ret_count = count;
	return value;
}

bool http_request_query_only(const struct http_request *request, const char *const *allowed,
			     const char **ret_name)
{
	const char *query = request->query;
	struct http_piece key, raw;

	while (next_pair(&query, &key, &raw)) {
		const char *const *name = allowed;

		while (*name && (key.len != strlen(*name) || strncasecmp(key.text, *name, key.len) != 0))
			name++;
		if (*name)
			continue;
		*ret_name = decode(request->arena, key.text, key.len);
		return false;
	}
	return true;
}

void http_response_add_header(struct http_request *request, struct http_response *response, const char *name,
			      const char *value)
{
	const char *copy;

	for (const char *at = value; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return;
	copy = arena_strdup(request->arena, value);
	if (!copy || response->header_count == HTTP_HEADERS_MAX)
		return;
	response->headers[response->header_count].name = name;
	response->headers[response->header_count++].value = copy;
}
