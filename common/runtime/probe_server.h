/* probe_server.h: the few small GET answers of the admin port: one thread, one request per connection, no bodies, no tokens, no TLS. It
 * listens where only the operator's machines can reach it. Plain sockets, because an HTTP library costs an idle worker 2 MB. */
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

/* Fill *answer for this path (without its query). Runs on the server's thread; it must be quick. */
typedef void probe_handler(void *context, const char *path, struct probe_answer *answer);

/* Listen on host:port ("[::1]:0" too; port 0: any free).
 * Errors ERR_FATAL bad_address, cannot_listen, no_thread. */
enum err_kind probe_server_open(const char *address, probe_handler *handler, void *context,
				struct probe_server **ret_server, struct err *err) MUST_CHECK;
/* "127.0.0.1:43121"; borrowed. */
const char *probe_server_address(const struct probe_server *server);
/* Waits for the answer that is being written, at most 5 s. NULL is fine. */
void probe_server_close(struct probe_server *server);

#endif
