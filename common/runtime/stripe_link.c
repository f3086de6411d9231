#include "stripe_link.h"

#include <stdbool.h>
#include <time.h>

#include "log.h"
#include "service.h"

#define EXIT_SETTINGS     78
#define INSTANCE_PAUSE_MS 250

static enum err_kind ask_instance(const struct pg_options *options, struct stripe_link *link, struct err *err)
{
	struct pg *db = NULL;
	enum err_kind kind = pg_open(options, &db, err);

	if (!kind)
		kind = instance_claim_mode(db, stripe_is_live(link->stripe), link->instance_id, err);
	pg_close(db);
	return kind;
}

static bool is_away(enum err_kind kind)
{
	return kind == ERR_RETRY || kind == ERR_UNSURE;
}

/* Says once what it waits for, and once that it goes on. */
static enum err_kind wait_for_instance(const struct pg_options *options, struct stripe_link *link,
				       struct err *err)
{
	enum err_kind kind = ask_instance(options, link, err);
	bool waited = is_away(kind) && !service_is_stopping();

	if (waited)
		LOG(LOG_WARN, "waiting for postgres", LOG_S("code", err->code), LOG_S("error", err->msg));
	while (is_away(kind) && !service_is_stopping()) {
		nanosleep(&(struct timespec){.tv_nsec = INSTANCE_PAUSE_MS * 1000000L}, NULL);
		kind = ask_instance(options, link, err);
	}
	if (waited && !is_away(kind))
		LOG(LOG_INFO, "postgres is there");
	return kind;
}

enum err_kind stripe_link_open(const struct common_settings *common, const struct stripe_settings *settings,
			       const char *application, struct stripe_link *ret_link, struct err *err)
{
	const struct stripe_options stripe = {settings->url, settings->key, settings->connect_ms,
					      settings->timeout_ms};
	const struct pg_options pg = {.url = common->pg_url, .application = application};

	if (stripe_open(&stripe, &ret_link->stripe, err))
		return err->kind;
	return wait_for_instance(&pg, ret_link, err);
}

enum err_kind stripe_link_refuse(enum err_kind kind, const struct err *err)
{
	if (kind == ERR_FATAL) {
		LOG(LOG_ERROR, "bad settings", LOG_S("code", err->code), LOG_S("error", err->msg));
		service_stop(EXIT_SETTINGS);
		return ERR_OK;
	}
	return service_is_stopping() ? ERR_OK : kind;
}
