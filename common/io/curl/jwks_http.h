/* jwks_http.h: the issuer's keys over HTTP (RFC 7517, section 5). */
#ifndef JWKS_HTTP_H
#define JWKS_HTTP_H

#include <stdint.h>

#include "err.h"
#include "str.h"

struct jwks_http;

/* url: as http_url_check takes it. timeout_ms bounds a fetch in all. Errors ERR_FATAL http_config. */
enum err_kind jwks_http_open(const char *url, int64_t timeout_ms, struct jwks_http **ret_jwks,
			     struct err *err) MUST_CHECK;
void jwks_http_close(struct jwks_http *jwks);

/* One GET; bytes gets the body of a 200, at most 1 MiB. Not from two threads at once. Errors ERR_RETRY jwks_unavailable: no answer, a part
 * of one, another status (redirects are not followed). */
enum err_kind jwks_http_fetch(struct jwks_http *jwks, struct buf *bytes, struct err *err) MUST_CHECK;

#endif
