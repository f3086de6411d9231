#include "keyed_cache.h"

#include <inttypes.h>
#include <string.h>

#include "log.h"
#include "str.h"

#define KEPT_S      86400
#define NAME_BYTES  (IDEMPOTENCY_KEY_BYTES + 96)
#define VALUE_BYTES (64 * 1024)
#define STATUS_AT   IDEMPOTENCY_SHA_BYTES /* the request's hash stands before it */
#define BODY_AT     (IDEMPOTENCY_SHA_BYTES + 3)

static bool name_of(const struct api *api, const struct idempotency_key *key, char ret_name[NAME_BYTES])
{
	int len = snprintf(ret_name, NAME_BYTES, "unbook:key:%s:%" PRId64 ":%s", api->link.instance_id,
			   key->user_id, key->text);

	return len > 0 && len < NAME_BYTES;
}

/* Hash, three digits of status, body. */
static bool decode(const char *value, size_t len, const struct idempotency_key *key, struct arena *arena,
		   struct idempotency_found *ret_found)
{
	char digits[4] = {0};
	int64_t status;

	if (len < BODY_AT)
		return false;
	memcpy(digits, value + STATUS_AT, 3);
	if (!str_to_int64(digits, &status))
		return false;
	ret_found->status = (int)status;
	ret_found->memory.is_known = true;
	ret_found->memory.has_answer = true;
	ret_found->memory.is_same_request = memcmp(value, key->request_sha256, IDEMPOTENCY_SHA_BYTES) == 0;
	ret_found->body = arena_printf(arena, "%.*s", (int)(len - BODY_AT), value + BODY_AT);
	return ret_found->body != NULL;
}

bool keyed_cache_find(const struct api *api, const struct idempotency_key *key, struct arena *arena,
		      struct idempotency_found *ret_found)
{
	struct buf value;
	char name[NAME_BYTES];
	bool found;

	*ret_found = (struct idempotency_found){0};
	if (!api->redis || !name_of(api, key, name))
		return false;
	buf_init(&value, VALUE_BYTES);
	found = redis_get(api->redis, name, &value, NULL) == ERR_OK && !value.failed
		&& decode(value.data ? value.data : "", value.len, key, arena, ret_found);
	buf_release(&value);
	return found;
}

void keyed_cache_put(const struct api *api, const struct idempotency_key *key, int status, const char *body)
{
	struct buf value;
	struct err err;
	char name[NAME_BYTES];

	if (!api->redis || !name_of(api, key, name))
		return;
	buf_init(&value, VALUE_BYTES);
	buf_add_bytes(&value, key->request_sha256, IDEMPOTENCY_SHA_BYTES);
	buf_addf(&value, "%03d%s", status, body);
	if (!value.failed && redis_set(api->redis, name, value.data, value.len, KEPT_S, &err))
		LOG(LOG_DEBUG, "answer not cached", LOG_S("code", err.code));
	buf_release(&value);
}
