/* request_json.h: the bodies of requests, decoded strictly (faults.md 2.1): what is not asked for is refused by name. Pure. */
#ifndef REQUEST_JSON_H
#define REQUEST_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "err.h"

#define REQUEST_REASON_BYTES_MAX 2000

/* Which field of the body is wrong; "" when it is the body as a whole. */
struct request_fault {
	char field[64];
};

/* The body of a cancel request: nothing, null, {}, "reason", {"reason": "..."} or, as text/plain or without a type, the reason itself.
 * *ret_reason in the arena, trimmed; NULL when none was given.
 * Errors ERR_REJECT invalid_body (not JSON, unknown or mistyped field, too long, not UTF-8; *ret_fault names the field),
 * unsupported_media_type. */
struct request_body {
	const char *content_type; /* NULL: none was sent */
	const char *bytes;
	size_t len;
};
enum err_kind request_decode_cancel(const struct request_body *body, struct arena *arena,
				    const char **ret_reason, struct request_fault *ret_fault,
				    struct err *err) MUST_CHECK;

#endif
