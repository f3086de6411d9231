/* reaper.h: bookings that time moves on. Now: Confirmed ones that are over become Completed. */
#ifndef REAPER_H
#define REAPER_H

#include <stdatomic.h>

#include "conf.h"
#include "settings.h"
#include "worker.h"

struct reaper_settings {
	struct common_settings common;
	struct worker_settings worker;
};

extern const struct conf_row reaper_rows[];
extern const size_t reaper_row_count;

/* complete.c */
struct completer {
	atomic_bool at_work; /* one job at a time: it takes batch after batch */
};
void completer_init(struct completer *completer, struct worker_handler *ret_handler);

#endif
