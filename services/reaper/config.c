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
	SETTINGS_INT("UNBOOK_HEAL_MS", offsetof(struct reaper_settings, heal_ms), "300000", 10, 86400000,
		     "Ask Stripe every so many ms for what no webhook told"),
	SETTINGS_INT("UNBOOK_HEAL_AFTER_MS", offsetof(struct reaper_settings, heal_after_ms), "300000", 0,
		     86400000, "What happened at Stripe is left to its webhook for so many ms"),
	SETTINGS_INT(
		"UNBOOK_HEAL_ALL_MS", offsetof(struct reaper_settings, heal_all_ms), "86400000", 10,
		2592000000,
		"Compare all payments and refunds of the last 30 days, and disputes of the last 180, again every so many ms"),
};

const size_t reaper_row_count = sizeof(reaper_rows) / sizeof(reaper_rows[0]);
