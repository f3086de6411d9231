/* import_json.h: one line of an import file, decoded strictly: what is not in docs/import.md is refused by name. Pure. */
#ifndef IMPORT_JSON_H
#define IMPORT_JSON_H

#include <stddef.h>

#include "arena.h"
#include "err.h"
#include "import.h"
#include "str.h"

#define IMPORT_LINE_BYTES_MAX 16384

struct import_line {
	/* What the line is about: also of a line that is refused, as far as it could be read, so that a person finds it and the lines
	 * that refer to it are not refused too. */
	enum import_kind kind;
	int64_t id;          /* of an offer or booking; 0: not given */
	const char *subject; /* of a user; NULL: not given */
	/* By kind; only of a line that is not refused. */
	union {
		struct import_user user;
		struct import_offer offer;
		struct import_booking booking;
	};
};

/* Decode len bytes without the line's end. Texts in the arena; null and "" count as not there. The rules of import.h are not asked.
 * Errors ERR_REJECT too_long, bad_utf8, not_json, duplicate_key, too_deep, not_object, unknown_kind, unknown_field, missing_field,
 * bad_field, with the field in front of the message; ERR_RETRY no_memory. */
enum err_kind import_line_decode(const char *bytes, size_t len, struct arena *arena,
				 struct import_line *ret_line, struct err *err) MUST_CHECK;

/* The edit that a plan stands for, as a JSON object of the fields that change (null: take it away), in the arena; NULL: no memory. */
const char *import_plan_encode(const struct import_booking *booking, const struct import_plan *plan,
			       struct arena *arena) MUST_CHECK;

/* The line with that edit done; its other fields keep their bytes' meaning and order. */
enum err_kind import_line_edit(const char *bytes, size_t len, const char *edit, struct buf *out,
			       struct err *err) MUST_CHECK;

#endif
