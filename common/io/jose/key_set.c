#include "key_set.h"

#include <jose/b64.h>
#include <jose/jwk.h>
#include <stdlib.h>
#include <string.h>

#include "json_strict.h"
#include "str.h"

#define RSA_BYTES_MIN 256
/* As long as the hash (RFC 7518 section 3.2; libjose refuses less). */
#define HS256_BYTES_MIN 32
#define HS512_BYTES_MIN 64

static const char *text_of(json_t *jwk, const char *name)
{
	const char *text = json_string_value(json_object_get(jwk, name));

	return text ? text : "";
}

/* Bytes of a base64url member, 0 when it is none. */
static size_t member_bytes(json_t *jwk, const char *name)
{
	size_t len = jose_b64_dec(json_object_get(jwk, name), NULL, 0);

	return len == SIZE_MAX ? 0 : len;
}

static bool may_verify(json_t *jwk)
{
	json_t *ops = json_object_get(jwk, "key_ops");
	json_t *op;
	size_t i;

	if (json_object_get(jwk, "use") && strcmp(text_of(jwk, "use"), "sig") != 0)
		return false;
	json_array_foreach(ops, i, op) if (json_is_string(op)
					   && strcmp(json_string_value(op), "verify") == 0) return true;
	return ops == NULL;
}

/* The one algorithm of this key; false: not for us. */
static bool alg_of(json_t *jwk, enum token_alg *ret_alg)
{
	const char *kty = text_of(jwk, "kty");
	bool says = json_object_get(jwk, "alg") != NULL;
	enum token_alg alg;

	if (says && !token_alg_decode(text_of(jwk, "alg"), &alg))
		return false;
	if (strcmp(kty, "RSA") == 0)
		*ret_alg = TOKEN_RS256;
	else if (strcmp(kty, "EC") == 0 && strcmp(text_of(jwk, "crv"), "P-256") == 0)
		*ret_alg = TOKEN_ES256;
	else if (strcmp(kty, "oct") == 0)
		*ret_alg = says && alg == TOKEN_HS512 ? TOKEN_HS512 : TOKEN_HS256;
	else
		return false;
	return !says || alg == *ret_alg;
}

static enum err_kind check_oct(json_t *jwk, size_t bytes_min, struct err *err)
{
	if (member_bytes(jwk, "k") < bytes_min)
		return err_set(err, ERR_FATAL, "keys_weak", "an oct key has fewer than %zu bytes", bytes_min);
	return ERR_OK;
}

static enum err_kind check_strength(json_t *jwk, enum token_alg alg, struct err *err)
{
	switch (alg) {
	case TOKEN_RS256:
		if (member_bytes(jwk, "n") < RSA_BYTES_MIN)
			return err_set(err, ERR_FATAL, "keys_weak", "an RSA key has fewer than 2048 bits");
		return ERR_OK;
	case TOKEN_HS256:
		return check_oct(jwk, HS256_BYTES_MIN, err);
	case TOKEN_HS512:
		return check_oct(jwk, HS512_BYTES_MIN, err);
	case TOKEN_ES256:
		break;
	}
	if (member_bytes(jwk, "x") != 32 || member_bytes(jwk, "y") != 32)
		return err_set(err, ERR_FATAL, "keys_bad", "a P-256 key has a malformed point");
	return ERR_OK;
}

/* A copy without private members, restrictions (checked by then) and with its algorithm written out. */
static json_t *public_copy(json_t *jwk, enum token_alg alg)
{
	json_t *copy = json_deep_copy(jwk);

	if (!copy)
		return NULL;
	if (alg != TOKEN_HS256 && alg != TOKEN_HS512 && !jose_jwk_pub(NULL, copy)) {
		json_decref(copy);
		return NULL;
	}
	json_object_del(copy, "key_ops");
	json_object_del(copy, "use");
	json_object_set_new(copy, "alg", json_string(token_alg_name(alg)));
	return copy;
}

static enum err_kind add_key(struct key_set *set, json_t *jwk, struct err *err)
{
	struct key *key = &set->keys[set->count];
	enum token_alg alg;

	if (!json_is_object(jwk))
		return err_set(err, ERR_FATAL, "keys_bad", "a key is no object");
	if (!may_verify(jwk) || !alg_of(jwk, &alg))
		return ERR_OK; /* for something else: encryption, an algorithm that is not ours */
	if (check_strength(jwk, alg, err))
		return err->kind;
	key->jwk = public_copy(jwk, alg);
	if (!key->jwk)
		return err_set(err, ERR_FATAL, "keys_bad", "a key is malformed");
	key->alg = alg;
	key->kid = json_string_value(json_object_get(key->jwk, "kid"));
	set->count++;
	return ERR_OK;
}

static enum err_kind add_all(json_t *list, struct key_set **ret_set, struct err *err)
{
	struct key_set *set = calloc(1, sizeof *set + json_array_size(list) * sizeof(struct key));
	json_t *jwk;
	size_t i;

	if (!set)
		return err_set(err, ERR_FATAL, "memory", "no memory for keys");
	json_array_foreach(list, i, jwk) if (add_key(set, jwk, err))
	{
		key_set_free(set);
		return err->kind;
	}
	if (set->count == 0) {
		key_set_free(set);
		return err_set(err, ERR_FATAL, "keys_none", "no usable key");
	}
	set->verified = verified_new();
	*ret_set = set;
	return ERR_OK;
}

enum err_kind key_set_decode(const char *bytes, size_t len, struct key_set **ret_set, struct err *err)
{
	struct err why = {0};
	enum err_kind kind;
	json_t *root, *list;

	if (json_strict_load(bytes, len, false, &root, &why))
		return err_set(err, ERR_FATAL, "keys_bad", "not a JWKS: %s", why.msg);
	list = json_object_get(root, "keys");
	kind = json_is_array(list) ? add_all(list, ret_set, err)
				   : err_set(err, ERR_FATAL, "keys_bad", "not a JWKS: no array \"keys\"");
	json_decref(root);
	return kind;
}

bool key_set_has_secret(const struct key_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->keys[i].alg == TOKEN_HS256 || set->keys[i].alg == TOKEN_HS512)
			return true;
	return false;
}

void key_set_free(struct key_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->count; i++)
		json_decref(set->keys[i].jwk);
	verified_free(set->verified);
	free(set);
}
