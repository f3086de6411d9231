/* toy.h: a handler with a table of its own: each toy must be done once. Rung by checkout.check events (their booking id is the toy). */
#ifndef TOY_H
#define TOY_H

#include <stdatomic.h>

#include "monitor.h"
#include "rig.h"

struct toy {
	struct monitor monitor;
	bool is_held; /* perform waits while it is */
	atomic_int inside, most_inside;
	atomic_int admitted, unadmitted;
	atomic_int wait_ms;    /* what admit answers */
	int units;             /* so many are admitted and not given back; 0: no limit */
	enum err_kind outcome; /* of perform, after it recorded */
	int64_t lease_ms;
};

/* Makes the table too. */
void toy_init(struct toy *toy);
void toy_hold(struct toy *toy, bool held);

/* count toys, ids from 1; due: the sweep may have them now, else only the doorbell. */
void toy_make(int count, bool due);

struct toy_worker {
	int slots;             /* 0: 8 */
	int sweep_ms;          /* 0: 50 */
	bool deaf;             /* no Kafka */
	const char *pg_url;    /* NULL: the database's */
	const char *bootstrap; /* NULL: the rig's */
	struct relay *relay;
};
struct worker *toy_worker(struct toy *toy, const struct toy_worker *options);
void toy_worker_close(struct worker *worker);

#define TOYS_DONE      "SELECT count(*) FROM toys WHERE done = 1"
#define TOYS_DONE_MORE "SELECT count(*) FROM toys WHERE done > 1"

#endif
