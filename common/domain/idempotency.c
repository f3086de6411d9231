#include "idempotency.h"

#include <string.h>

#include "str.h"

/* Inside quotes a backslash stands before '"' and '\' and nowhere else. */
static bool unquote(const char *from, size_t len, char ret_key[IDEMPOTENCY_KEY_BYTES], size_t *ret_len)
{
	size_t to = 0;

	for (size_t i = 0; i < len; i++) {
		if (from[i] == '"')
			return false;
		if (from[i] == '\\' && (++i == len || (from[i] != '"' && from[i] != '\\')))
			return false;
		if (to + 1 == IDEMPOTENCY_KEY_BYTES)
			return false;
		ret_key[to++] = from[i];
	}
	*ret_len = to;
	return true;
}

bool idempotency_key_decode(const char *header, char ret_key[IDEMPOTENCY_KEY_BYTES])
{
	size_t len = strlen(header);

	if (!str_is_printable(header))
		return false;
	if (header[0] == '"') {
		if (len < 2 || header[len - 1] != '"' || !unquote(header + 1, len - 2, ret_key, &len))
			return false;
		ret_key[len] = '\0';
		return len > 0;
	}
	return len > 0 && str_copy(ret_key, IDEMPOTENCY_KEY_BYTES, header);
}

enum idempotency_verdict idempotency_decide(const struct idempotency_memory *memory)
{
	if (!memory->is_known)
		return IDEMPOTENCY_NEW;
	if (!memory->is_same_request)
		return IDEMPOTENCY_OTHER;
	return memory->has_answer ? IDEMPOTENCY_REPLAY : IDEMPOTENCY_GO_ON;
}

bool idempotency_is_kept(int status, const char *code)
{
	static const char *const passing[] = {"invalid_body", "invalid_id", "in_progress", "not_paid"};

	if (status >= 500 || status == 401 || status == 415 || status == 429)
		return false;
	for (size_t i = 0; code && i < sizeof passing / sizeof *passing; i++)
		if (str_eq(code, passing[i]))
			return false;
	return true;
}
