#include "mint.h"

#include <criterion/criterion.h>
#include <jose/b64.h>
#include <jose/jwk.h>
#include <jose/jws.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MADE_MAX 4096
static json_t *made_keys[MADE_MAX];
static char *made_tokens[MADE_MAX];
static int key_count, token_count;

json_t *mint_key(const char *alg, int bytes, const char *kid)
{
	json_t *key = strncmp(alg, "HS", 2) == 0 ? json_pack("{s:s,s:i}", "kty", "oct", "bytes", bytes)
						 : json_pack("{s:s}", "alg", alg);

	cr_assert(jose_jwk_gen(NULL, key));
	json_object_set_new(key, "alg", json_string(alg));
	json_object_del(key, "key_ops");
	if (kid)
		json_object_set_new(key, "kid", json_string(kid));
	cr_assert_lt(key_count, MADE_MAX);
	return made_keys[key_count++] = key;
}

char *mint_token(json_t *key, const char *alg, const char *kid)
{
	return mint_token_of(key, alg, kid, "{\"sub\":\"u1\"}");
}

char *mint_token_of(json_t *key, const char *alg, const char *kid, const char *payload)
{
	json_t *body = jose_b64_enc(payload, strlen(payload));
	json_t *jws = json_pack("{s:O}", "payload", body);
	json_t *sig = json_pack("{s:{s:s,s:s*}}", "protected", "alg", alg, "kid", kid);
	json_t *signing = json_deep_copy(key);
	char *text;
	int len;

	json_object_set_new(signing, "alg",
			    json_string(alg)); /* the key is told what to do, also what is wrong */
	json_object_del(signing, "kid");
	cr_assert(jose_jws_sig(NULL, jws, sig, signing), "cannot sign %s", alg);
	len = asprintf(&text, "%s.%s.%s", json_string_value(json_object_get(jws, "protected")),
		       json_string_value(body), json_string_value(json_object_get(jws, "signature")));
	cr_assert_gt(len, 0);
	json_decref(signing);
	json_decref(sig);
	json_decref(jws);
	json_decref(body);
	cr_assert_lt(token_count, MADE_MAX);
	return made_tokens[token_count++] = text;
}

void mint_release(void)
{
	while (key_count)
		json_decref(made_keys[--key_count]);
	while (token_count)
		free(made_tokens[--token_count]);
}

void mint_file(char path[64], const char *content)
{
	char fresh[64] = "/tmp/unbook-keys-XXXXXX";
	int fd = mkstemp(fresh);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	close(fd);
	if (path[0])
		cr_assert_eq(rename(fresh, path), 0); /* as a mounted secret is replaced: whole */
	else
		snprintf(path, 64, "%s", fresh);
}

void mint_jwks(char path[64], json_t *const *keys, int count)
{
	json_t *set = json_pack("{s:[]}", "keys");
	char *text;

	for (int i = 0; i < count; i++) {
		json_t *copy = json_deep_copy(keys[i]);

		if (strcmp(json_string_value(json_object_get(copy, "kty")), "oct") != 0)
			cr_assert(jose_jwk_pub(NULL, copy));
		json_array_append_new(json_object_get(set, "keys"), copy);
	}
	text = json_dumps(set, JSON_COMPACT);
	mint_file(path, text);
	free(text);
	json_decref(set);
}
