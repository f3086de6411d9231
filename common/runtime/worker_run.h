/* worker_run.h: the wiring that all workers share: pool, relay, worker, checks; serve; close in reverse order. */
#ifndef WORKER_RUN_H
#define WORKER_RUN_H

#include "settings.h"
#include "worker.h"

struct worker_run {
	const char *name; /* service, consumer group */
	const struct common_settings *common;
	const struct worker_settings *worker;
	const struct worker_handler *handlers;
	size_t handler_count;
};

/* Blocks until the service has to stop, then until all is closed. What the handlers use is opened before and closed after it. */
enum err_kind worker_run(const struct worker_run *run, struct err *err) MUST_CHECK;

#endif
