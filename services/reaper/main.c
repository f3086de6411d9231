#include "reaper.h"
#include "service.h"

int main(int argc, char **argv)
{
	struct reaper_settings settings = {0};
	int code = conf_main(reaper_rows, reaper_row_count, &settings, argc, argv);

	if (code < 0)
		code = service_main(&(struct service_options){.name = UNBOOK_SERVICE,
							      .version = UNBOOK_VERSION,
							      .settings = &settings.common,
							      .rows = reaper_rows,
							      .row_count = reaper_row_count,
							      .run = reaper_run,
							      .context = &settings});
	conf_release(reaper_rows, reaper_row_count, &settings);
	return code;
}
