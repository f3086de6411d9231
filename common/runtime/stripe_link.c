#include "stripe_link.h"

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

enum err_kind stripe_link_open(const struct common_settings *common, const struct stripe_settings *settings,
			       const char *application, struct stripe_link *ret_link, struct err *err)
{
	const struct stripe_options stripe = {settings->url, settings->key, settings->connect_ms,
					      settings->timeout_ms};
	const struct pg_options pg = {.url = common->pg_url, .application = application};
	enum err_kind kind;

	if (stripe_open(&stripe, &ret_link->stripe, err))
		return err->kind;
	for (;;) {
		kind = ask_instance(&pg, ret_link, err);
		if ((kind != ERR_RETRY && kind != ERR_UNSURE) || service_is_stopping())
			return kind;
		nanosleep(&(struct timespec){.tv_nsec = INSTANCE_PAUSE_MS * 1000000L}, NULL);
	}
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
