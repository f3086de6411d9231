#include "reaper.h"

const struct conf_row reaper_rows[] = {
	COMMON_ROWS(struct reaper_settings, common),
	WORKER_ROWS(struct reaper_settings, worker),
	STRIPE_ROWS(struct reaper_settings, stripe),
	{.name = "UNBOOK_FRONTEND_URL",
	 .type = CONF_URL,
	 .offset = offsetof(struct reaper_settings, frontend_url),
	 .choices = "http https",
	 .help = "Where people see their bookings; the same as the API's, for a lost checkout is asked for again in the same words"},
	MEETING_ROW(struct reaper_settings, meeting_url_template),
};

const size_t reaper_row_count = sizeof(reaper_rows) / sizeof(reaper_rows[0]);
