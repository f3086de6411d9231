/* A token as text, or after a NUL: a payload as the issuer would have signed it. Whatever is accepted keeps its promises. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "booking.h"
#include "token.h"

#define NOW_US INT64_C(1800000000000000)

static const struct token_rules rules = {"https://login.unbook.test", "unbook", 604800, 60};

static void check_claims(const struct token *token, struct arena *arena)
{
	const struct instant now = {NOW_US};
	struct token_claims claims;
	struct err err = {0};

	if (token_decode_claims(token, &rules, now, arena, &claims, &err)) {
		if (err.kind != ERR_REJECT || strcmp(err.code, "bad_token") != 0)
			abort();
		return;
	}
	if (!claims.subject || !claims.subject[0] || strlen(claims.subject) > 255)
		abort();
	if (claims.expires_at.us + 60000000 <= NOW_US
	    || claims.expires_at.us > NOW_US + INT64_C(604860000000))
		abort();
	if (claims.email && (strpbrk(claims.email, "\r\n ,<>") || strlen(claims.email) > 254))
		abort();
}

static void check_text(const char *text, struct arena *arena)
{
	struct token token;
	struct err err = {0};

	if (token_decode_head(text, arena, &token, &err)) {
		if (err.kind != ERR_REJECT || strcmp(err.code, "bad_token") != 0)
			abort();
		return;
	}
	if (strlen(text) > TOKEN_BYTES_MAX || strlen(token.payload) > token.payload_len)
		abort();
	check_claims(&token, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;

	arena_init(&arena, 256u << 10);
	if (size && data[0] == 0) {
		const struct token token = {.payload = (const char *)data + 1, .payload_len = size - 1};

		check_claims(&token, &arena);
	} else {
		char *text = arena_strndup(&arena, (const char *)data, size);

		if (text)
			check_text(text, &arena);
	}
	arena_release(&arena);
	return 0;
}
