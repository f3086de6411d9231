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

enum idempotency_verdict idempotency_conclude(const struct idempotency_memory *memory, bool owns_row)
{
	enum idempotency_verdict verdict = idempotency_decide(memory);

	return verdict == IDEMPOTENCY_GO_ON && !owns_row ? IDEMPOTENCY_TWIN : verdict;
}

bool idempotency_is_kept(int status, const char *code)
{
	static const char *const final[] = {"already_paid", "refunded", "too_late", "not_cancellable"};

	for (size_t i = 0; code && i < sizeof final / sizeof *final; i++)
		if (str_eq(code, final[i]))
			return true;
	return status >= 200 && status < 300;
}
