/* http_watch.h: all connections of a server. Ends those that take too long to send a request or to take its answer: the library knows idle
 * time only, which a peer that sends one byte every nine seconds never reaches. Counts those of one address. And when nearly all places are
 * taken, ends for each that comes the one that has been waiting longest, so that idle connections, however many, keep nobody out. */
#ifndef HTTP_WATCH_H
#define HTTP_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "address.h"
#include "err.h"

struct http_watch;   /* all connections of a server, and the thread that looks at them */
struct http_watched; /* one connection */

struct http_watch_options {
	int64_t total_ms;
	int crowded_at;      /* so many connections are nearly all that there is room for */
	int per_address_max; /* 0: no limit */
};

enum err_kind http_watch_open(const struct http_watch_options *options, struct http_watch **ret_watch,
			      struct err *err) MUST_CHECK;
/* Every connection must have left. NULL is fine. */
void http_watch_close(struct http_watch *watch);

/* May this address (a household) open one more? */
bool http_watch_has_room(struct http_watch *watch, const struct address *household);
/* A connection came; its clock starts. NULL when memory is out. socket stays the caller's. household NULL: a proxy of ours, whose connections
 * are not counted, and not ended to make room. */
struct http_watched *http_watch_enter(struct http_watch *watch, int socket, const struct address *household);
/* Called before the socket is closed. NULL is fine. */
void http_watch_leave(struct http_watch *watch, struct http_watched *watched);

/* (Re)start the clock, or stop it while a job works. NULL is fine. */
void http_watch_start(struct http_watched *watched);
void http_watch_pause(struct http_watched *watched);

/* End them all, at once. They leave as their I/O threads see it. */
void http_watch_shut(struct http_watch *watch);

int http_watch_count(struct http_watch *watch);
/* How many were ended so far to make room. */
int64_t http_watch_ended(struct http_watch *watch);

#endif
