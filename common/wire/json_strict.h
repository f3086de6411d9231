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

#endif
