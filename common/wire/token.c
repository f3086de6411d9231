#include "token.h"

#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "json_strict.h"
#include "str.h"

#define KID_BYTES_MAX 256

static const char *const alg_names[] = {"RS256", "ES256", "HS256", "HS512"};

bool token_alg_decode(const char *name, enum token_alg *ret_alg)
{
	for (unsigned i = 0; i < sizeof alg_names / sizeof *alg_names; i++)
		if (strcmp(name, alg_names[i]) == 0) {
			*ret_alg = (enum token_alg)i;
			return true;
		}
	return false;
}

const char *token_alg_name(enum token_alg alg)
{
	return alg_names[alg];
}

static enum err_kind bad(struct err *err, const char *why)
{
	err_set(err, ERR_REJECT, "bad_token", "%s", why);
	return ERR_REJECT;
}

static int base64url_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* Unpadded base64url in its one canonical spelling; NULL otherwise. */
static char *base64url_decode(struct arena *arena, const char *text, size_t *ret_len)
{
	size_t len = strlen(text), used = 0;
	char *plain = arena_alloc(arena, len + 1);
	uint32_t bits = 0;
	int count = 0;

	if (!plain || len % 4 == 1)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		int value = base64url_value(text[i]);

		if (value < 0)
			return NULL;
		bits = bits << 6 | (uint32_t)value;
		count += 6;
		if (count >= 8) {
			count -= 8;
			plain[used++] = (char)(bits >> count & 0xff);
			bits &= (1u << count) - 1;
		}
	}
	*ret_len = used;
	return bits ? NULL : plain;
}

static enum err_kind split(const char *text, struct arena *arena, struct token *token, struct err *err)
{
	size_t len = strnlen(text, TOKEN_BYTES_MAX + 1);
	const char *first, *second;

	if (len == 0 || len > TOKEN_BYTES_MAX)
		return bad(err, "too long or empty");
	first = strchr(text, '.');
	second = first ? strchr(first + 1, '.') : NULL;
	if (!second || strchr(second + 1, '.'))
		return bad(err, "not three parts");
	token->head = arena_strndup(arena, text, (size_t)(first - text));
	token->body = arena_strndup(arena, first + 1, (size_t)(second - first - 1));
	token->signature = arena_strdup(arena, second + 1);
	token->text = arena_strdup(arena, text);
	if (!token->text || !token->head || !token->body || !token->signature)
		return bad(err, "no room");
	return ERR_OK;
}

/* The header: alg exactly one of ours; crit means an extension that we do not know, so it is refused (RFC 7515 section 4.1.11). */
static enum err_kind read_header(json_t *header, struct arena *arena, struct token *token, struct err *err)
{
	json_t *alg = json_object_get(header, "alg");
	json_t *kid = json_object_get(header, "kid");

	if (!json_is_string(alg) || !token_alg_decode(json_string_value(alg), &token->alg))
		return bad(err, "alg is not one of ours");
	if (json_object_get(header, "crit") || json_object_get(header, "b64")
	    || json_object_get(header, "zip"))
		return bad(err, "an unknown extension");
	if (kid && (!json_is_string(kid) || json_string_length(kid) > KID_BYTES_MAX))
		return bad(err, "kid is not a short string");
	token->kid = kid ? arena_strdup(arena, json_string_value(kid)) : NULL;
	return kid && !token->kid ? bad(err, "no room") : ERR_OK;
}

enum err_kind token_decode_head(const char *text, struct arena *arena, struct token *ret_token,
				struct err *err)
{
	struct token token = {0};
	struct err why = {0};
	size_t head_len, signature_len;
	enum err_kind kind;
	json_t *header;
	char *plain;

	if (split(text, arena, &token, err))
		return ERR_REJECT;
	plain = base64url_decode(arena, token.head, &head_len);
	token.payload = base64url_decode(arena, token.body, &token.payload_len);
	if (!plain || !token.payload || !base64url_decode(arena, token.signature, &signature_len)
	    || !signature_len)
		return bad(err, "a part is not base64url");
	if (json_strict_load(plain, head_len, false, &header, &why))
		return bad(err, why.msg);
	kind = read_header(header, arena, &token, err);
	json_decref(header);
	if (!kind)
		*ret_token = token;
	return kind;
}
