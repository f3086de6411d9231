/* admin.h: /livez, /readyz and /metrics on UNBOOK_ADMIN_LISTEN, for service.c. */
#ifndef ADMIN_H
#define ADMIN_H

#include "err.h"

struct probe_server;

/* Logs the address that it listens on. Close with probe_server_close. Errors those of probe_server_open. */
enum err_kind admin_open(const char *address, struct probe_server **ret_server, struct err *err) MUST_CHECK;

#endif
