/* import_load.h: a line of an import file as JSON, also when its status is something that a reader of JSON does not take. Private to the
 * import. */
#ifndef IMPORT_LOAD_H
#define IMPORT_LOAD_H

#include <jansson.h>
#include <stddef.h>

#include "err.h"

#define IMPORT_ODD_BYTES 61

/* ret_root is the caller's (json_decref). Strict JSON as json_strict_load has it, with one exception: a status that alone keeps the line
 * from being read (99999999999999999999, "\u0000", a bare word) stands as 0 in ret_root and as it is written, in printable ASCII and cut,
 * in ret_odd_status; else that is "". Errors those of json_strict_load. */
enum err_kind import_load(const char *bytes, size_t len, json_t **ret_root,
			  char ret_odd_status[IMPORT_ODD_BYTES], struct err *err) MUST_CHECK;

#endif
