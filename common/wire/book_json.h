/* book_json.h: the body of POST /api/Sessions/book, decoded as strictly as request_json.h does. A price or a status that a client sends is
 * an unknown field: the price comes from the offer. Pure. */
#ifndef BOOK_JSON_H
#define BOOK_JSON_H

#include "arena.h"
#include "clock.h"
#include "err.h"
#include "request_json.h"

struct book_body {
	int64_t teacher_id;
	int64_t student_id; /* 0: not given */
	int64_t offer_id;   /* 0: not given */
	struct instant scheduled_at;
	const char *notes; /* in the arena, trimmed; NULL: none */
	bool has_notes;    /* they are given, if only as "": the hold that is there takes them */
};

/* Optional fields may also be null. Errors ERR_REJECT invalid_body; *ret_fault names the field. */
enum err_kind book_body_decode(const char *bytes, size_t len, struct arena *arena, struct book_body *ret_body,
			       struct request_fault *ret_fault, struct err *err) MUST_CHECK;

#endif
