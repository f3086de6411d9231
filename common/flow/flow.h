/* flow.h: what every transaction of this room is given. A flow function takes a connection from the pool, runs one transaction of two
 * round trips, repeats it where that is safe (a deadlock, a lost line, a COMMIT without its answer: each of them finds out by itself
 * whether it had happened), and wakes nobody: the caller pokes its relay. Nothing outside PostgreSQL is called. */
#ifndef FLOW_H
#define FLOW_H

#include "arena.h"
#include "idempotency.h"
#include "pg.h"

struct flow {
	struct pg_pool *db;
	struct arena *arena; /* results and event bodies; one request's or job's */
	const char *actor; /* of the time line: "user:<id>", a service's name, "stripe", "operator:<name>" */
	const char *traceparent; /* NULL: none */
	struct idempotency_key
		*key; /* of the request whose effect this is; its row commits with it. NULL: none */
	int64_t doorbell_ms;
	const char *meeting_url_template; /* with {token}; settle only. NULL or "": no meeting */
};

#endif
