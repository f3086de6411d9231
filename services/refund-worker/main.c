#include "refund_worker.h"
#include "service.h"

int main(int argc, char **argv)
{
	struct refund_worker_settings settings = {0};
	int exit_code = conf_main(refund_worker_rows, refund_worker_row_count, &settings, argc, argv);

	if (exit_code < 0)
		exit_code = service_main(&(struct service_options){
			.name = UNBOOK_SERVICE,
			.version = UNBOOK_VERSION,
			.settings = &settings.common,
			.rows = refund_worker_rows,
			.row_count = refund_worker_row_count,
			.run = refund_worker_run,
			.context = &settings,
		});
	conf_release(refund_worker_rows, refund_worker_row_count, &settings);
	return exit_code;
}
