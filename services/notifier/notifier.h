/* notifier.h: tells both people. Consumes booking and refund events as doorbells, claims mail rows, sends them, records what came of it. */
#ifndef NOTIFIER_H
#define NOTIFIER_H

#include "backoff.h"
#include "breaker.h"
#include "compose.h"
#include "settings.h"
#include "smtp.h"
#include "worker.h"

struct notifier_settings {
	struct common_settings common;
	struct worker_settings worker;
	char *smtp_url;
	char *smtp_tls;
	char *mail_from;
	char *mail_from_name;
	char *templates_dir;
	char *frontend_url;
	int64_t smtp_step_ms;
	int64_t smtp_final_ms;
	int64_t unknown_wait_ms;
};

extern const struct conf_row notifier_rows[];
extern const size_t notifier_row_count;

/* What the mail handler works with. Borrowed members outlive the worker. */
struct notifier {
	const struct notifier_settings *settings;
	struct smtp *smtp;
	struct templates *templates;
	struct compose_sender sender;
	struct mail_claim claim;
	struct mail_limits limits;
	struct backoff backoff;
	struct breaker breaker;
};

/* The handler's context is the notifier, which must outlive the worker. */
void mail_handler_init(struct worker_handler *handler, struct notifier *notifier);

/* Opens everything, serves until told to stop, closes everything. */
enum err_kind notifier_run(void *settings, struct err *err) MUST_CHECK;

#endif
