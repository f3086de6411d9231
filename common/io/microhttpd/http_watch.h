/* http_watch.h: ends connections that take too long to send a request or to take its answer. The library knows idle time only, which a
 * peer that sends one byte every nine seconds never reaches. */
#ifndef HTTP_WATCH_H
#define HTTP_WATCH_H

#include <stdint.h>

#include "err.h"

struct http_watch;   /* all connections of a server, and the thread that looks at them */
struct http_watched; /* one connection */

enum err_kind http_watch_open(int64_t total_ms, struct http_watch **ret_watch, struct err *err) MUST_CHECK;
/* Every connection must have left. NULL is fine. */
void http_watch_close(struct http_watch *watch);

/* A connection came; its clock starts. NULL when memory is out. socket stays the caller's. */
struct http_watched *http_watch_enter(struct http_watch *watch, int socket);
/* Called before the socket is closed. NULL is fine. */
void http_watch_leave(struct http_watch *watch, struct http_watched *watched);

/* (Re)start the clock, or stop it while a job works. NULL is fine. */
void http_watch_start(struct http_watched *watched);
void http_watch_pause(struct http_watched *watched);

int http_watch_count(struct http_watch *watch);

#endif
