/* issuer.h: keeps the keys of the issuer at UNBOOK_JWKS_URL: fetched at the start, every few minutes, and when a token names a key that is
 * not among them. While the issuer is away the last good ones stay. Thread-safe. */
#ifndef ISSUER_H
#define ISSUER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys.h"

struct issuer;

struct issuer_options {
	const char *url;    /* borrowed */
	struct keys *keys;  /* from keys_open_empty; borrowed, replaced here */
	int64_t refresh_ms; /* from one good fetch to the next */
	int64_t again_ms;   /* not sooner for keys that are not known */
};

/* Starts to fetch. Errors ERR_FATAL http_config, no_memory, no_thread. */
enum err_kind issuer_open(const struct issuer_options *options, struct issuer **ret_issuer,
			  struct err *err) MUST_CHECK;
/* Waits for a fetch that is under way, some seconds at most. NULL is fine. */
void issuer_close(struct issuer *issuer);

/* A token names a key that is not known. Fetches, unless that was done within again_ms, and waits for it, 2 s at most. True: the keys
 * are others now, so look again. */
bool issuer_ask(struct issuer *issuer);

/* For a service_check: "keys" until there are some. */
void issuer_missing(void *issuer, char *ret_text, size_t cap);

/* For the metric: since the last good fetch (or the start). */
int64_t issuer_age_ms(struct issuer *issuer);

#endif
