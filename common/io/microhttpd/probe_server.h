/* probe_server.h: the few small GET answers of the admin port, over libmicrohttpd, in one thread. No bodies, no tokens, no TLS:
 * it listens where only the operator's machines can reach it. */
#ifndef PROBE_SERVER_H
#define PROBE_SERVER_H

#include <stddef.h>

#include "err.h"
#include "str.h"

struct probe_server;

struct probe_answer {
	int http_status;
	const char *content_type; /* static storage */
	struct buf body;          /* initialised for 1 MiB at most; released by the server */
};

/* Fill *answer for this path. Runs on the server's thread; it must be quick. */
typedef void probe_handler(void *context, const char *path, struct probe_answer *answer);

/* Listen on host:port ("[::1]:0" too; port 0: any free). ret_address gets "127.0.0.1:43121".
 * Errors ERR_FATAL bad_address, cannot_listen. */
enum err_kind probe_server_open(const char *address, probe_handler *handler, void *context,
				struct probe_server **ret_server, struct err *err) MUST_CHECK;
const char *probe_server_address(const struct probe_server *server);
/* Waits for answers that are being written. NULL is fine. */
void probe_server_close(struct probe_server *server);

#endif
