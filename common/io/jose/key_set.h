/* key_set.h: one reading of a JWKS. Immutable once loaded. Private to this room. */
#ifndef KEY_SET_H
#define KEY_SET_H

#include <jansson.h>
#include <stddef.h>

#include "token.h"
#include "verified.h"

struct key {
	enum token_alg alg;
	const char *kid; /* NULL: none; borrowed from jwk */
	json_t *jwk;     /* public part, with alg written out */
};

struct key_set {
	struct verified *verified;
	int refs; /* guarded by the lock of struct keys */
	size_t count;
	struct key keys[];
};

/* bytes of a JWKS. Errors ERR_FATAL keys_bad, keys_weak, keys_none. */
enum err_kind key_set_decode(const char *bytes, size_t len, struct key_set **ret_set,
			     struct err *err) MUST_CHECK;
/* A key that signs as well as it verifies is among them. */
bool key_set_has_secret(const struct key_set *set);
void key_set_free(struct key_set *set);

#endif
