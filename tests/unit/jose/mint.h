/* mint.h: keys and tokens for tests, by libjose itself. What is minted lives until mint_release. */
#ifndef MINT_H
#define MINT_H

#include <jansson.h>

/* A fresh key: {"alg":"RS256"}, {"alg":"ES256"}, {"alg":"HS256","kty":"oct","bytes":32}, ... kid NULL: none. */
json_t *mint_key(const char *alg, int bytes, const char *kid);

/* "head.body.signature" signed by key under this alg; kid NULL: none in the header. */
char *mint_token(json_t *key, const char *alg, const char *kid);

/* The same with this payload. */
char *mint_token_of(json_t *key, const char *alg, const char *kid, const char *payload);

/* Write {"keys":[...]} (public halves, except of oct keys) to a fresh file, or over path when it is not "". */
void mint_jwks(char path[64], json_t *const *keys, int count);
void mint_file(char path[64], const char *content);

/* For the end of every test that mints. */
void mint_release(void);

#endif
