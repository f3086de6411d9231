#include "reaper.h"
#include "service.h"
#include "worker_run.h"

static enum err_kind run(void *context, struct err *err)
{
	const struct reaper_settings *settings = context;
	struct worker_handler handlers[1];
	struct completer completer;

	completer_init(&completer, &handlers[0]);
	return worker_run(&(struct worker_run){.name = UNBOOK_SERVICE,
					       .common = &settings->common,
					       .worker = &settings->worker,
					       .handlers = handlers,
					       .handler_count = sizeof(handlers) / sizeof(handlers[0])},
			  err);
}

int main(int argc, char **argv)
{
	struct reaper_settings settings = {0};
	int code = conf_main(reaper_rows, reaper_row_count, &settings, argc, argv);

	if (code < 0)
		code = service_main(&(struct service_options){.name = UNBOOK_SERVICE,
							      .version = UNBOOK_VERSION,
							      .settings = &settings.common,
							      .run = run,
							      .context = &settings});
	conf_release(reaper_rows, reaper_row_count, &settings);
	return code;
}
