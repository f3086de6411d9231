/* run.c: what the notifier opens beside the wiring that all workers share. */
#include <string.h>

#include "log.h"
#include "notifier.h"
#include "service.h"
#include "str.h"
#include "worker_run.h"

#define EXIT_SETTINGS   78
#define MAIL_GIVE_UP_MS INT64_C(86400000) /* a 4xx is tried again for 24 hours, then an operator looks */
#define UNKNOWNS_MAX    3
#define SMTP_CONNECT_MS 3000

static void notifier_close(struct notifier *notifier)
{
	breaker_release(&notifier->breaker);
	templates_close(notifier->templates);
	smtp_close(notifier->smtp);
}

static enum err_kind open_smtp(const struct notifier_settings *settings, struct notifier *notifier,
			       struct err *err)
{
	return smtp_open(&(struct smtp_options){.url = settings->smtp_url,
						.require_tls = !strcmp(settings->smtp_tls, "require"),
						.ca_file = settings->smtp_ca_file,
						.from_address = notifier->from.address,
						.from_name = notifier->from.name,
						.connect_ms = SMTP_CONNECT_MS,
						.step_ms = settings->smtp_step_ms,
						.final_ms = settings->smtp_final_ms},
			 &notifier->smtp, err);
}

static enum err_kind open_notifier(const struct notifier_settings *settings, struct notifier *notifier,
				   struct err *err)
{
	if (!sender_read(settings->mail_from, &notifier->from))
		return err_set(err, ERR_FATAL, "mail_from",
			       "UNBOOK_MAIL_FROM is neither an address nor \"Name <address>\"");
	notifier->sender = (struct compose_sender){.address = notifier->from.address,
						   .name = notifier->from.name,
						   .bookings_url = settings->frontend_url};
	notifier->claim = (struct mail_claim){.domain = strchr(notifier->from.address, '@') + 1,
					      .lease_ms = settings->worker.lease_ms};
	notifier->limits = (struct mail_limits){.give_up_ms = MAIL_GIVE_UP_MS,
						.unknown_wait_ms = settings->unknown_wait_ms,
						.unknowns_max = UNKNOWNS_MAX};
	notifier->backoff = (struct backoff){.min_ms = settings->worker.backoff_min_ms,
					     .max_ms = settings->worker.backoff_max_ms};
	if (open_smtp(settings, notifier, err)
	    || templates_open(settings->templates_dir, &notifier->templates, err))
		return err->kind;
	return compose_check(notifier->templates, &notifier->sender, err);
}

enum err_kind notifier_run(void *context, struct err *err)
{
	const struct notifier_settings *settings = context;
	__attribute__((cleanup(notifier_close))) struct notifier notifier = {0};
	struct worker_handler handler;

	breaker_init(&notifier.breaker, &(struct breaker_options){.name = "smtp"});
	if (open_notifier(settings, &notifier, err)) { /* a setting that only its use shows to be wrong */
		LOG(LOG_ERROR, "bad settings", LOG_S("code", err->code), LOG_S("error", err->msg));
		service_stop(EXIT_SETTINGS);
		return ERR_OK;
	}
	mail_handler_init(&handler, &notifier);
	return worker_run(&(struct worker_run){.name = UNBOOK_SERVICE,
					       .common = &settings->common,
					       .worker = &settings->worker,
					       .handlers = &handler,
					       .handler_count = 1},
			  err);
}
