#include "reaper.h"

const struct conf_row reaper_rows[] = {
	COMMON_ROWS(struct reaper_settings, common),
	WORKER_ROWS(struct reaper_settings, worker),
};

const size_t reaper_row_count = sizeof(reaper_rows) / sizeof(reaper_rows[0]);
