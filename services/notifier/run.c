#include <string.h>

#include "notifier.h"
#include "service.h"

#define MAIL_GIVE_UP_MS INT64_C(86400000) /* a 4xx is tried again for 24 hours, then an operator looks */
#define UNKNOWNS_MAX	3
#define SMTP_CONNECT_MS 3000

/* What run() opens, closed in reverse order when it leaves. */
struct parts {
	struct notifier notifier;
	struct pg_pool *db;
	struct worker *worker;
};

static void parts_close(struct parts *parts)
{
	if (parts->worker) {
		service_check_remove(parts->worker);
		if (!worker_close(parts->worker, service_deadline_ms()))
			service_abandon("jobs did not end in time; their leases will");
	}
	pg_pool_close(parts->db);
	breaker_release(&parts->notifier.breaker);
	templates_close(parts->notifier.templates);
	smtp_close(parts->notifier.smtp);
}

static enum err_kind open_notifier(const struct notifier_settings *settings, struct notifier *notifier,
				   struct err *err)
{
	const char *at = strchr(settings->mail_from, '@');

	notifier->settings = settings;
	notifier->sender = (struct compose_sender){.address = settings->mail_from,
						   .name = settings->mail_from_name,
						   .bookings_url = settings->frontend_url};
	notifier->claim =
		(struct mail_claim){.domain = at ? at + 1 : "", .lease_ms = settings->worker.lease_ms};
	notifier->limits = (struct mail_limits){.give_up_ms = MAIL_GIVE_UP_MS,
						.unknown_wait_ms = settings->unknown_wait_ms,
						.unknowns_max = UNKNOWNS_MAX};
	notifier->backoff = (struct backoff){.min_ms = settings->worker.backoff_min_ms,
					     .max_ms = settings->worker.backoff_max_ms};
	breaker_init(&notifier->breaker, &(struct breaker_options){.name = "smtp"});
	if (smtp_open(&(struct smtp_options){.url = settings->smtp_url,
					     .require_tls = !strcmp(settings->smtp_tls, "require"),
					     .from_address = settings->mail_from,
					     .from_name = settings->mail_from_name,
					     .connect_ms = SMTP_CONNECT_MS,
					     .step_ms = settings->smtp_step_ms,
					     .final_ms = settings->smtp_final_ms},
		      &notifier->smtp, err)
	    || templates_open(settings->templates_dir, &notifier->templates, err))
		return err->kind;
	return compose_check(notifier->templates, &notifier->sender, err);
}

static enum err_kind open_parts(const struct notifier_settings *settings, struct parts *parts,
				struct err *err)
{
	struct worker_handler handler;
	struct pg_options pg = {.url = settings->common.pg_url, .application = "unbook-notifier"};

	if (open_notifier(settings, &parts->notifier, err)
	    || pg_pool_open(&pg, (int)settings->common.db_pool, &parts->db, err))
		return err->kind;
	mail_handler_init(&handler, &parts->notifier);
	return worker_open(&(struct worker_options){.group = UNBOOK_SERVICE,
						    .kafka_bootstrap = settings->common.kafka_bootstrap,
						    .topic_prefix = settings->common.topic_prefix,
						    .slots = (int)settings->worker.slots,
						    .sweep_ms = (int)settings->worker.sweep_ms,
						    .pg_url = settings->common.pg_url,
						    .db = parts->db},
			   &handler, 1, &parts->worker, err);
}

static bool is_alive(void *worker)
{
	return worker_is_alive(worker);
}

static void missing(void *worker, char *ret_text, size_t cap)
{
	worker_missing(worker, ret_text, cap);
}

enum err_kind notifier_run(void *settings, struct err *err)
{
	__attribute__((cleanup(parts_close))) struct parts parts = {0};

	if (open_parts(settings, &parts, err))
		return err->kind;
	service_check_add(&(struct service_check){
		.name = "worker", .context = parts.worker, .is_alive = is_alive, .missing = missing});
	service_wait();
	worker_stop(parts.worker);
	return ERR_OK;
}
