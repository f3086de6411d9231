/* json_strict.h: JSON from people we do not know: bounded depth, no duplicate keys, no trailing bytes, no NUL, valid UTF-8. Pure. */
#ifndef JSON_STRICT_H
#define JSON_STRICT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "err.h"

#define JSON_STRICT_DEPTH 16

/* ret_root is the caller's (json_decref). any: a scalar is fine at the top, else only an object.
 * Errors ERR_REJECT not_json, duplicate_key, too_deep, not_object. */
enum err_kind json_strict_load(const char *bytes, size_t len, bool any, json_t **ret_root,
			       struct err *err) MUST_CHECK;

/* Why json_strict_load refused it, for whoever sent it: static words, and the field of the outermost object that is to blame ("": none, or
 * its name does not fit). NULL: not JSON at all, or not what was wanted. */
const char *json_strict_explain(const char *bytes, size_t len, char *ret_field, size_t cap);

#endif
