#include "ctl_stripe.h"

#include <stdio.h>
#include <unistd.h>

#include "ctl.h"
#include "stripe_link.h"

struct settings {
	char *pg_url;
	struct stripe_settings stripe;
	char *meeting_url_template;
};

static const struct conf_row rows[] = {CTL_PG_ROW(struct settings, pg_url),
				       STRIPE_ROWS(struct settings, stripe),
				       MEETING_ROW(struct settings, meeting_url_template)};

static enum err_kind run(const struct ctl_stripe_work *work, const struct settings *settings,
			 struct ctl_stripe *link, int *ret_code, struct err *err)
{
	const struct pg_options pg = {
		.url = settings->pg_url, .application = work->name, .call_ms = work->call_ms};
	const bool is_live = stripe_is_live(link->stripe);

	if (pg_open(&pg, &link->db, err) || pg_pool_open(&pg, 1, &link->pool, err))
		return err->kind;
	if (work->only_reads ? instance_check_mode(link->db, is_live, link->instance_id, err)
			     : instance_claim_mode(link->db, is_live, link->instance_id, err))
		return err->kind;
	*ret_code = 0;
	return work->run(link, work->context, ret_code, err);
}

int ctl_with_stripe(const struct ctl_stripe_work *work)
{
	struct settings settings = {0};
	struct ctl_stripe link = {0};
	struct err err = {0};
	int code = EX_CONFIG;

	if (!conf_load(rows, sizeof(rows) / sizeof(rows[0]), &settings, environ, stderr)) {
		const struct stripe_options stripe = {settings.stripe.url, settings.stripe.key,
						      settings.stripe.connect_ms, settings.stripe.timeout_ms};

		link.meeting_url_template = settings.meeting_url_template;
		if (stripe_open(&stripe, &link.stripe, &err)) {
			fprintf(stderr, "%s: %s (%s)\n", work->name, err.msg, err.code);
		} else if (run(work, &settings, &link, &code, &err)) {
			fprintf(stderr, "%s: %s (%s)\n", work->name, err.msg, err.code);
			code = EX_SOFTWARE;
		}
	}
	pg_pool_close(link.pool);
	pg_close(link.db);
	stripe_close(link.stripe);
	conf_release(rows, sizeof(rows) / sizeof(rows[0]), &settings);
	return code;
}
