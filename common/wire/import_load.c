#include "import_load.h"

#include <stdbool.h>
#include <string.h>

#include "import_json.h"
#include "json_strict.h"
#include "str.h"

#define STATUS_KEY "\"status\""

/* Of a line: bytes[start] up to bytes[end - 1]. */
struct span {
	size_t start, end;
};

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static size_t skip_space(const char *bytes, size_t len, size_t at)
{
	while (at < len && is_space(bytes[at]))
		at++;
	return at;
}

/* Behind the text that opens at bytes[at]. */
static size_t skip_text(const char *bytes, size_t len, size_t at)
{
	for (at++; at < len && bytes[at] != '"'; at++) {
		if (bytes[at] == '\\')
			at++;
	}
	return at < len ? at + 1 : len;
}

/* Behind one token: a text, or one byte of anything else. */
static size_t skip_token(const char *bytes, size_t len, size_t at, int *depth)
{
	*depth += (bytes[at] == '{' || bytes[at] == '[') - (bytes[at] == '}' || bytes[at] == ']');
	return bytes[at] == '"' ? skip_text(bytes, len, at) : at + 1;
}

/* From its first byte to the comma or bracket that ends it. */
static struct span value_at(const char *bytes, size_t len, size_t at)
{
	struct span value = {skip_space(bytes, len, at), 0};
	int depth = 0;

	at = value.start;
	while (at < len && (depth > 0 || (bytes[at] != ',' && bytes[at] != '}')))
		at = skip_token(bytes, len, at, &depth);
	while (at > value.start && is_space(bytes[at - 1]))
		at--;
	value.end = at;
	return value;
}

/* False: the outermost object has no status, or nothing stands there. */
static bool find_status(const char *bytes, size_t len, struct span *ret_value)
{
	const size_t key_len = sizeof(STATUS_KEY) - 1;
	int depth = 0;
	size_t next;

	for (size_t at = 0; at < len; at = next) {
		size_t colon;

		next = skip_token(bytes, len, at, &depth);
		if (depth != 1 || next - at != key_len || memcmp(bytes + at, STATUS_KEY, key_len) != 0)
			continue;
		colon = skip_space(bytes, len, next);
		if (colon < len && bytes[colon] == ':') {
			*ret_value = value_at(bytes, len, colon + 1);
			return ret_value->end > ret_value->start;
		}
	}
	return false;
}

static void copy_odd(const char *bytes, struct span value, char ret_odd_status[IMPORT_ODD_BYTES])
{
	size_t len = value.end - value.start;

	if (len > IMPORT_ODD_BYTES - 1)
		len = IMPORT_ODD_BYTES - 1;
	for (size_t i = 0; i < len; i++) {
		char byte = bytes[value.start + i];

		ret_odd_status[i] = byte >= ' ' && byte <= '~' ? byte : '?';
	}
	ret_odd_status[len] = '\0';
}

enum err_kind import_load(const char *bytes, size_t len, json_t **ret_root,
			  char ret_odd_status[IMPORT_ODD_BYTES], struct err *err)
{
	enum err_kind kind = json_strict_load(bytes, len, false, ret_root, err);
	char masked[IMPORT_LINE_BYTES_MAX];
	struct span value;
	struct err other;

	ret_odd_status[0] = '\0';
	if (kind != ERR_REJECT || !str_eq(err->code, "not_json") || len > sizeof(masked)
	    || !find_status(bytes, len, &value))
		return kind;
	memcpy(masked, bytes, len);
	memset(masked + value.start, ' ', value.end - value.start);
	masked[value.start] = '0';
	if (json_strict_load(masked, len, false, ret_root, &other))
		return kind;
	copy_odd(bytes, value, ret_odd_status);
	return ERR_OK;
}
