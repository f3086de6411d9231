#include "stripe_json.h"

#include <string.h>

#include "str.h"
#include "stripe_object.h"

void stripe_json_leave(json_t **value)
{
	json_decref(*value);
}

/* Nesting, counted before the parser recurses into it (jansson's own limit is 2048). */
static bool is_shallow(const char *bytes, size_t len)
{
	bool in_text = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (in_text && bytes[i] == '\\')
			i++;
		else if (bytes[i] == '"')
			in_text = !in_text;
		else if (!in_text && (bytes[i] == '{' || bytes[i] == '['))
			depth++;
		else if (!in_text && (bytes[i] == '}' || bytes[i] == ']'))
			depth--;
		if (depth > STRIPE_DEPTH_MAX)
			return false;
	}
	return true;
}

enum err_kind stripe_json_parse(const char *bytes, size_t len, json_t **ret_root, struct err *err)
{
	json_error_t why;
	json_t *root;

	if (len > STRIPE_BODY_BYTES_MAX)
		return err_set(err, ERR_REJECT, "too_large", "%zu bytes", len);
	if (!is_shallow(bytes, len))
		return err_set(err, ERR_REJECT, "not_json", "nested too deeply");
	root = json_loadb(len ? bytes : "", len, JSON_REJECT_DUPLICATES, &why);
	if (!root)
		return err_set(err, ERR_REJECT, "not_json", "line %d: %s", why.line, why.text);
	*ret_root = root;
	return ERR_OK;
}

enum err_kind stripe_json_bad(struct err *err, const char *field)
{
	return err_set(err, ERR_REJECT, "bad_object", "%s", field);
}

bool stripe_json_word(char *dst, size_t cap, const json_t *value)
{
	const char *text = json_string_value(value);

	if (!text || !text[0] || !str_is_printable(text) || strchr(text, ' ') || !str_copy(dst, cap, text)) {
		dst[0] = '\0';
		return false;
	}
	return true;
}

void stripe_json_optional(char *dst, size_t cap, const json_t *value)
{
	if (!stripe_json_word(dst, cap, value))
		dst[0] = '\0';
}

bool stripe_json_instant(const json_t *value, struct instant *ret_at)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0
	    || json_integer_value(value) > INT64_MAX / 1000000)
		return false;
	ret_at->us = json_integer_value(value) * 1000000;
	return true;
}

int64_t stripe_json_booking_id(const json_t *metadata)
{
	const char *text = json_string_value(json_object_get(metadata, "booking_id"));
	int64_t id = 0;

	return text && str_to_int64(text, &id) && id > 0 ? id : 0;
}

enum err_kind stripe_json_list(const json_t *root, struct arena *arena, struct stripe_json_list *ret_list,
			       struct err *err)
{
	struct stripe_json_list list = {.data = json_object_get(root, "data")};
	const json_t *last;

	list.count = json_array_size(list.data);
	if (!json_is_array(list.data) || list.count > STRIPE_JSON_LIST_MAX)
		return stripe_json_bad(err, "data");
	last = list.count ? json_object_get(json_array_get(list.data, list.count - 1), "id") : NULL;
	list.last_id = arena_strdup(arena, json_string_value(last));
	list.has_more = json_is_true(json_object_get(root, "has_more"));
	if (!json_is_boolean(json_object_get(root, "has_more")) || (list.has_more && !list.last_id))
		return stripe_json_bad(err, "has_more");
	*ret_list = list;
	return ERR_OK;
}

char *stripe_json_dump(const json_t *object, struct arena *arena)
{
	size_t len = json_is_object(object) ? json_dumpb(object, NULL, 0, JSON_COMPACT) : 0;
	char *text = len ? arena_alloc(arena, len + 1) : NULL;

	return text && json_dumpb(object, text, len, JSON_COMPACT) == len ? text : NULL;
}
