/* request_digest.h: one number for everything that a request asks for. */
#ifndef REQUEST_DIGEST_H
#define REQUEST_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#define REQUEST_DIGEST_BYTES 32

struct request_parts {
	const char *method;
	const char *route;         /* its pattern, so that the case of the path does not matter */
	const char *const *params; /* of the path, as sent; a NULL ends them */
	const char *query;
	const char *content_type; /* the same bytes can be two bodies */
	const void *body;
	size_t body_len;
};

/* SHA-256 (FIPS 180-4) over all of them, each with its length, so that no two requests read alike. False: the library refuses. */
bool request_digest(const struct request_parts *parts, unsigned char ret_sha256[REQUEST_DIGEST_BYTES]);

#endif
