/* origins.h: the origins whose pages may call the API (RFC 6454: scheme, host and port, nothing behind them). */
#ifndef ORIGINS_H
#define ORIGINS_H

#include <stdbool.h>

#include "err.h"

/* Is origin, as a browser sends it, one of the words of the comma-separated list? list NULL: none is. */
bool origins_have(const char *list, const char *origin);

/* For the table of settings: a word that no browser ever sends (a "*", a path, a slash at the end, an upper-case letter) would allow
 * nobody. Errors ERR_REJECT bad_origin. */
enum err_kind origins_check(const char *list, struct err *err) MUST_CHECK;

#endif
