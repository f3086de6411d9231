/* notifier.h: tells both people. Consumes booking and refund events as doorbells, claims mail rows, sends them, records what came of it. */
#ifndef NOTIFIER_H
#define NOTIFIER_H

#include "backoff.h"
#include "breaker.h"
#include "compose.h"
#include "sender.h"
#include "settings.h"
#include "smtp.h"
#include "worker.h"

#define MAIL_POOL_WAIT_MS 5000

struct notifier_settings {
	struct common_settings common;
	struct worker_settings worker;
	char *smtp_url;
	char *smtp_tls;
	char *smtp_ca_file;
	char *mail_from;
	char *templates_dir;
	char *frontend_url;
	int64_t smtp_step_ms;
	int64_t smtp_final_ms;
	int64_t unknown_wait_ms;
};

extern const struct conf_row notifier_rows[];
extern const size_t notifier_row_count;

/* What the mail handler works with. */
struct notifier {
	struct sender from;
	struct smtp *smtp;
	struct templates *templates;
	struct compose_sender sender;
	struct mail_claim claim;
	struct mail_limits limits;
	struct backoff backoff;
	struct breaker breaker;
};

/* A claimed mail. The lease is counted on this machine's clock from before the claim, so it ends here no later than in the table. */
struct mail_work {
	struct mail mail;
	int64_t lease_ends_ms;
};

/* Write, send, record: ERR_OK when the server took it, else why not (recorded all the same), or ERR_RETRY lease_lost when somebody else
 * holds it now. Admitted by the breaker before. Blocks as long as the mail server and PostgreSQL let it; renews the lease meanwhile. */
enum err_kind mail_perform(struct notifier *notifier, struct pg_pool *pool, const char *traceparent,
			   struct mail_work *work, struct err *err) MUST_CHECK;

/* The handler's context is the notifier, which must outlive the worker. */
void mail_handler_init(struct worker_handler *handler, struct notifier *notifier);

/* context: struct notifier_settings. Opens everything, serves until told to stop, closes everything. */
enum err_kind notifier_run(void *context, struct err *err) MUST_CHECK;

#endif
