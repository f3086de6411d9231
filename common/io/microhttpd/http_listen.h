/* http_listen.h: a listening TCP socket from "host:port". */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include <stddef.h>

#include "err.h"

/* Numeric host ("127.0.0.1", "[::1]", "localhost" as well); port 0 takes any free one. ret_address is where it really listens.
 * Errors ERR_FATAL http_listen. */
enum err_kind http_listen(const char *listen_at, int *ret_socket, char *ret_address, size_t address_cap,
			  struct err *err) MUST_CHECK;

#endif
