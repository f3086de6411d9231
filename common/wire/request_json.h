/* request_json.h: the bodies of requests, decoded strictly (faults.md 2.1): what is not asked for is refused by name. Pure. */
#ifndef REQUEST_JSON_H
#define REQUEST_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "err.h"

#define REQUEST_TEXT_CHARACTERS_MAX 2000 /* of what people write; up to four bytes each */

/* Which field of the body is wrong; "body" when it is the body as a whole, or the name does not fit. */
struct request_fault {
	char field[64];
};

/* For the decoders of bodies: ERR_REJECT invalid_body because of field, with words for whoever sent it. */
enum err_kind request_refuse(struct request_fault *ret_fault, const char *field, struct err *err,
			     const char *why) MUST_CHECK;
/* The same for bytes that json_strict_load refused; otherwise: the words when no field is to blame. */
enum err_kind request_refuse_json(const char *bytes, size_t len, struct request_fault *ret_fault,
				  struct err *err, const char *otherwise) MUST_CHECK;

/* May these bytes be JSON in UTF-8, by their Content-Type? application/json, without a charset or with utf-8, or none at all (NULL, ""). */
bool request_may_be_json(const char *content_type);

/* The body of a cancel request: nothing, null, {}, "reason", {"reason": "..."} or, as text/plain or without a type, the reason itself.
 * *ret_reason in the arena, trimmed; NULL when none was given.
 * Errors ERR_REJECT invalid_body (not JSON, unknown or mistyped field, too long, not UTF-8; *ret_fault names the field),
 * unsupported_media_type (neither, or in another charset than UTF-8). */
struct request_body {
	const char *content_type; /* NULL: none was sent */
	const char *bytes;
	size_t len;
};
enum err_kind request_decode_cancel(const struct request_body *body, struct arena *arena,
				    const char **ret_reason, struct request_fault *ret_fault,
				    struct err *err) MUST_CHECK;

#endif
