#include "notifier.h"
#include "service.h"

int main(int argc, char **argv)
{
	struct notifier_settings settings = {0};
	int exit_code = conf_main(notifier_rows, notifier_row_count, &settings, argc, argv);

	if (exit_code < 0)
		exit_code = service_main(&(struct service_options){
			.name = UNBOOK_SERVICE,
			.version = UNBOOK_VERSION,
			.settings = &settings.common,
			.rows = notifier_rows,
			.row_count = notifier_row_count,
			.run = notifier_run,
			.context = &settings,
		});
	conf_release(notifier_rows, notifier_row_count, &settings);
	return exit_code;
}
