/* idempotency.h: what becomes of a request that names a key for itself, so that repeating it is safe.
 * Source: design.md sections 4 and 7, faults.md 2.1, draft-ietf-httpapi-idempotency-key-header. Pure. */
#ifndef IDEMPOTENCY_H
#define IDEMPOTENCY_H

#include <stdbool.h>
#include <stdint.h>

#define IDEMPOTENCY_KEY_BYTES 256
#define IDEMPOTENCY_SHA_BYTES 32

/* A key as its request carries it. */
struct idempotency_key {
	int64_t user_id; /* keys are each caller's own */
	const char *text;
	unsigned char request_sha256[IDEMPOTENCY_SHA_BYTES];
	bool owns_row; /* as long as the key's row has no answer, it is this request's: it wrote it, or found it when it began */
};

/* The header's value, bare or as a quoted string (RFC 8941, 3.3.3; both name the same key): 1 to 255 printable ASCII characters.
 * False: it is none. */
bool idempotency_key_decode(const char *header, char ret_key[IDEMPOTENCY_KEY_BYTES]);

/* What is remembered of a key. */
struct idempotency_memory {
	bool is_known;
	bool is_same_request;
	bool has_answer;
};

enum idempotency_verdict {
	IDEMPOTENCY_NEW,   /* run it */
	IDEMPOTENCY_GO_ON, /* its effect was committed and its answer lost: run it again, on the same booking */
	IDEMPOTENCY_REPLAY, /* give the same answer */
	IDEMPOTENCY_OTHER,  /* 422: the key belongs to another request */
	IDEMPOTENCY_TWIN,   /* 409: the same request is at work elsewhere, or died there a moment ago */
};
/* Before it runs. Never TWIN. */
enum idempotency_verdict idempotency_decide(const struct idempotency_memory *memory);
/* After it ran, before its answer is given: NEW and GO_ON keep the answer. owns_row: of the key; else another
 * process has it. */
enum idempotency_verdict idempotency_conclude(const struct idempotency_memory *memory, bool owns_row);

/* Is this answer the request's for ever? Only what was done, or never can be done: a refusal that has changed nothing and may be different
 * next time is decided anew. code: of the error, NULL when there is none. */
bool idempotency_is_kept(int status, const char *code);

#endif
