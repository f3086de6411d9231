/* keys.h: the issuer's public keys (a JWKS, RFC 7517) and the signatures that they vouch for, over libjose. The algorithm is pinned by the
 * key and never taken from the token. Thread-safe: the set is replaced whole, and freed when its last reader is done. */
#ifndef KEYS_H
#define KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "token.h"

struct keys;

/* Load a JWKS file of at most 1 MiB. Usable are RSA keys of 2048 bits or more (RS256), P-256 (ES256) and oct keys (HS256 from 32
 * bytes; HS512 from 64, when the key says so); others are skipped, a short oct or RSA key is an error.
 * Errors ERR_FATAL keys_file (missing, unreadable), keys_bad (not a JWKS), keys_weak, keys_none (nothing usable in it). */
enum err_kind keys_open(const char *path, struct keys **ret_keys, struct err *err) MUST_CHECK;
/* Without a file, and without keys until keys_replace. */
enum err_kind keys_open_empty(struct keys **ret_keys, struct err *err) MUST_CHECK;
void keys_close(struct keys *keys);

/* Read the file again if it changed. On an error (the same as above) the last good set stays in use. */
enum err_kind keys_refresh(struct keys *keys, bool *ret_changed, struct err *err) MUST_CHECK;

/* Take these bytes for the JWKS, as they came over a network, so an oct key (a shared secret) is an error: keys_secret. On an error (the
 * others as above) the last good set stays in use. The same bytes as before change nothing. One caller at a time. */
enum err_kind keys_replace(struct keys *keys, const char *bytes, size_t len, bool *ret_changed,
			   struct err *err) MUST_CHECK;

/* Is the token signed by one of our keys? A token with a kid is tried with keys of that kid, else with those that have none; one without
 * with all of its algorithm. Does not look at claims. CPU only.
 * Errors ERR_REJECT unknown_key (no key fits; fetching again might help), bad_signature; ERR_RETRY keys_missing (there are none yet). */
enum err_kind keys_verify(struct keys *keys, const struct token *token, struct err *err) MUST_CHECK;

/* 0: none yet. */
int keys_count(struct keys *keys);

#endif
