/* run.c: what the reaper opens beside the wiring that all workers share. */
#include "reaper.h"
#include "worker_run.h"

static enum err_kind serve(struct reaper *reaper, struct err *err)
{
	const struct reaper_settings *settings = reaper->settings;
	struct worker_handler handlers[4];
	struct completer completer;

	completer_init(&completer, &handlers[0]);
	hold_handler_init(reaper, &handlers[1]);
	checkout_event_handler_init(reaper, &handlers[2]);
	heal_handler_init(reaper, &handlers[3]);
	return worker_run(&(struct worker_run){.name = UNBOOK_SERVICE,
					       .common = &settings->common,
					       .worker = &settings->worker,
					       .handlers = handlers,
					       .handler_count = sizeof(handlers) / sizeof(handlers[0])},
			  err);
}

enum err_kind reaper_run(void *context, struct err *err)
{
	const struct reaper_settings *settings = context;
	struct reaper reaper = {.settings = settings};
	enum err_kind kind =
		stripe_link_open(&settings->common, &settings->stripe, UNBOOK_SERVICE, &reaper.link, err);

	breaker_init(&reaper.breaker, &(struct breaker_options){.name = "stripe"});
	kind = kind ? stripe_link_refuse(kind, err) : serve(&reaper, err);
	breaker_release(&reaper.breaker);
	stripe_close(reaper.link.stripe);
	return kind;
}
