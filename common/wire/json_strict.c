#include "json_strict.h"

#include <string.h>

/* Depth by counting brackets outside strings, before the parser recurses. */
static bool is_too_deep(const char *bytes, size_t len)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (in_string) {
			if (bytes[i] == '\\')
				i++;
			else if (bytes[i] == '"')
				in_string = false;
		} else if (bytes[i] == '"') {
			in_string = true;
		} else if (bytes[i] == '{' || bytes[i] == '[') {
			if (++depth > JSON_STRICT_DEPTH)
				return true;
		} else if (bytes[i] == '}' || bytes[i] == ']') {
			depth--;
		}
	}
	return false;
}

static json_t *load(const char *bytes, size_t len, bool any, json_error_t *why)
{
	return json_loadb(len ? bytes : "", len, JSON_REJECT_DUPLICATES | (any ? JSON_DECODE_ANY : 0), why);
}

enum err_kind json_strict_load(const char *bytes, size_t len, bool any, json_t **ret_root, struct err *err)
{
	json_error_t why;
	json_t *root;

	if (is_too_deep(bytes, len))
		return err_set(err, ERR_REJECT, "too_deep", "nested deeper than %d", JSON_STRICT_DEPTH);
	root = load(bytes, len, any, &why);
	if (!root && json_error_code(&why) == json_error_duplicate_key)
		return err_set(err, ERR_REJECT, "duplicate_key", "a key stands there twice");
	if (!root)
		return err_set(err, ERR_REJECT, "not_json", "not JSON");
	if (!any && !json_is_object(root)) {
		json_decref(root);
		return err_set(err, ERR_REJECT, "not_object", "not a JSON object");
	}
	*ret_root = root;
	return ERR_OK;
}

struct text {
	const char *start;
	size_t len;
};

/* Of the outermost object, up to end: the last text that is complete, and the last one that is a key. */
static void find_texts(const char *bytes, size_t end, struct text *ret_last, struct text *ret_key)
{
	const char *start = bytes;
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < end; i++) {
		if (in_string && bytes[i] == '\\') {
			i++;
		} else if (bytes[i] == '"') {
			if (in_string && depth == 1)
				*ret_last = (struct text){start, (size_t)(bytes + i - start)};
			in_string = !in_string;
			start = bytes + i + 1;
		} else if (!in_string) {
			depth += (bytes[i] == '{' || bytes[i] == '[') - (bytes[i] == '}' || bytes[i] == ']');
			if (bytes[i] == ':' && depth == 1)
				*ret_key = *ret_last;
		}
	}
}

/* What jansson says it stumbled over: NULL when the text is not even JSON by its shape, so that no field is to blame. */
static const char *words_for(const json_error_t *why)
{
	switch ((int)json_error_code(why)) {
	case json_error_duplicate_key:
		return "A key stands there twice.";
	case json_error_numeric_overflow:
		return "The number is too large.";
	case json_error_null_character:
		return "The text holds a NUL character.";
	case json_error_invalid_utf8:
		return "The text is not valid UTF-8.";
	}
	return NULL;
}

const char *json_strict_explain(const char *bytes, size_t len, char *ret_field, size_t cap)
{
	struct text last = {"", 0}, key = {"", 0};
	json_error_t why = {.position = 0};
	json_t *root = is_too_deep(bytes, len) ? NULL : load(bytes, len, true, &why);
	const char *words = root ? NULL : words_for(&why);

	json_decref(root);
	ret_field[0] = '\0';
	if (!words || why.position < 0 || (size_t)why.position > len)
		return words;
	find_texts(bytes, (size_t)why.position, &last, &key);
	if (json_error_code(&why) == json_error_duplicate_key)
		key = last;
	if (key.len < cap) {
		memcpy(ret_field, key.start, key.len);
		ret_field[key.len] = '\0';
	}
	return words;
}
