/* redis_url.h: the parts of redis://[[user]:password@]host[:port][/db]. Pure. */
#ifndef REDIS_URL_H
#define REDIS_URL_H

#include <stdbool.h>

#include "err.h"

/* Texts are "" where the url has none, so that an unnamed database needs no SELECT. */
struct redis_url {
	char user[128];
	char password[256];
	char host[256];
	int port; /* 6379 when not given */
	char db[8];
};

/* %XX is decoded in user and password; a host in brackets is an IPv6 address. False: not such a url. */
bool redis_url_decode(const char *url, struct redis_url *ret_url) MUST_CHECK;

#endif
