/* verified.h: tokens whose signature one key set has found good, so that a caller's next request costs no RSA. Holds good tokens only and
 * compares them whole; claims (expiry) are checked every time by others. Ends with its key set. Thread-safe. Private to this room. */
#ifndef VERIFIED_H
#define VERIFIED_H

#include <stdbool.h>

#include "token.h"

struct verified;

/* NULL when memory is out; both functions below take NULL and then remember nothing. */
struct verified *verified_new(void);
void verified_free(struct verified *verified);

bool verified_has(struct verified *verified, const struct token *token);
void verified_add(struct verified *verified, const struct token *token);

#endif
