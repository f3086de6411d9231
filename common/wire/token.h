/* token.h: what a JSON Web Token says, in the spellings that issuers use (design.md section 6, faults.md 2.1, RFC 7519, RFC 8725).
 * Nothing here checks a signature: io/jose/keys.h does, between token_decode_head and token_decode_claims. Pure. */
#ifndef TOKEN_H
#define TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "clock.h"
#include "err.h"

#define TOKEN_BYTES_MAX 4096

enum token_alg { TOKEN_RS256, TOKEN_ES256, TOKEN_HS256, TOKEN_HS512 };
/* "RS256", ...; exact spelling only, false for anything else ("none", "hs256", ...). */
bool token_alg_decode(const char *name, enum token_alg *ret_alg) MUST_CHECK;
const char *token_alg_name(enum token_alg alg);

/* A token taken apart; every text in the arena. */
struct token {
	const char *text;   /* the whole of it */
	enum token_alg alg; /* as the token claims: must equal the key's before it means anything */
	const char *kid;    /* NULL: none */
	const char *head, *body, *signature; /* the three parts as sent, base64url */
	const char *payload;                 /* body decoded */
	size_t payload_len;
};

/* Compact form only, at most TOKEN_BYTES_MAX. Every refusal is ERR_REJECT bad_token; msg says why and never goes to a client. */
enum err_kind token_decode_head(const char *text, struct arena *arena, struct token *ret_token,
				struct err *err) MUST_CHECK;

/* What is demanded of claims. */
struct token_rules {
	const char *issuer;   /* NULL: not checked */
	const char *audience; /* NULL: not checked */
	int64_t max_age_s;    /* exp may lie at most this far ahead */
	int64_t leeway_s;     /* clocks may differ by this much */
};

struct token_claims {
	const char *subject; /* "sub", else "nameid", else the long claim URI; 1 to 255 bytes */
	unsigned roles;      /* set of enum role; unknown words add nothing */
	struct instant expires_at;
	const char *email, *name, *zone,
		*locale; /* NULL when absent or not usable; only for creating a user */
};

/* Errors ERR_REJECT bad_token (msg says why), token_expired is the same code on purpose: one answer for all. */
enum err_kind token_decode_claims(const struct token *token, const struct token_rules *rules,
				  struct instant now, struct arena *arena, struct token_claims *ret_claims,
				  struct err *err) MUST_CHECK;

#endif
