/* The first byte picks the content type, the rest is the body of a cancel request. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "request_json.h"
#include "str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {NULL, "application/json", "text/plain", "image/png"};
	struct request_body body = {.bytes = (const char *)data + 1, .len = size - 1};
	struct request_fault fault;
	const char *reason = NULL;
	struct err err = {0};
	struct arena arena;

	if (size == 0)
		return 0;
	body.content_type = types[data[0] % 4];
	arena_init(&arena, 64u << 10);
	if (request_decode_cancel(&body, &arena, &reason, &fault, &err) == ERR_OK) {
		if (reason
		    && (!reason[0] || str_count_chars(reason, strlen(reason)) > REQUEST_TEXT_CHARACTERS_MAX
			|| !str_is_utf8(reason, strlen(reason))))
			abort();
	} else if (!err.code[0] || strnlen(fault.field, sizeof fault.field) == sizeof fault.field) {
		abort();
	}
	arena_release(&arena);
	return 0;
}
