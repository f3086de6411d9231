#include "json_strict.h"

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

enum err_kind json_strict_load(const char *bytes, size_t len, bool any, json_t **ret_root, struct err *err)
{
	json_error_t why;
	json_t *root;

	if (is_too_deep(bytes, len))
		return err_set(err, ERR_REJECT, "too_deep", "nested deeper than %d", JSON_STRICT_DEPTH);
	root = json_loadb(len ? bytes : "", len, JSON_REJECT_DUPLICATES | (any ? JSON_DECODE_ANY : 0), &why);
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
