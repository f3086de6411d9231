#include "issuer.h"

#include <stdlib.h>

#include "backoff.h"
#include "clock.h"
#include "id.h"
#include "jwks_http.h"
#include "log.h"
#include "monitor.h"
#include "str.h"

#define FETCH_MS       5000
#define WAIT_MS        2000
#define FAILED_MIN_MS  1000
#define FAILED_MAX_MS  60000
#define JWKS_BYTES_MAX (1024 * 1024)

struct issuer {
	struct issuer_options options;
	struct jwks_http *http; /* the thread's own */
	pthread_t thread;
	struct monitor monitor; /* guards what follows */
	bool stopping, is_fetching;
	int failures;       /* in a row */
	int64_t fetches;    /* finished ones */
	int64_t changes;    /* of the keys */
	int64_t begun_ms;   /* the last one began */
	int64_t good_ms;    /* the last good one ended */
	int64_t next_at_ms; /* the next one is due */
};

/* False: it failed, and err says why. */
static bool fetch(struct issuer *issuer, bool *ret_changed, struct err *err)
{
	struct buf bytes;
	bool good;

	*ret_changed = false;
	buf_init(&bytes, JWKS_BYTES_MAX);
	good = jwks_http_fetch(issuer->http, &bytes, err) == ERR_OK
	       && keys_replace(issuer->options.keys, bytes.data ? bytes.data : "", bytes.len, ret_changed,
			       err)
			  == ERR_OK;
	buf_release(&bytes);
	return good;
}

/* One line when it begins to fail, one when it is over. */
static void tell(const struct issuer *issuer, bool good, bool changed, const struct err *err)
{
	if (!good && !issuer->failures)
		LOG(LOG_WARN, "keys not fetched, the last good ones stay", LOG_S("code", err->code),
		    LOG_S("why", err->msg));
	if (good && (changed || issuer->failures))
		LOG(LOG_INFO, "keys fetched", LOG_I("count", keys_count(issuer->options.keys)),
		    LOG_I("failures", issuer->failures));
}

/* With the lock held, which is given back meanwhile. */
static void fetch_now(struct issuer *issuer)
{
	static const struct backoff backoff = {FAILED_MIN_MS, FAILED_MAX_MS};
	struct err err = {0};
	bool good, changed;

	issuer->is_fetching = true;
	issuer->begun_ms = deadline_in_ms(0);
	monitor_unlock(&issuer->monitor);
	good = fetch(issuer, &changed, &err);
	monitor_lock(&issuer->monitor);
	tell(issuer, good, changed, &err);
	issuer->is_fetching = false;
	issuer->fetches++;
	issuer->changes += changed;
	issuer->failures = good ? 0 : issuer->failures + 1;
	if (good)
		issuer->good_ms = deadline_in_ms(0);
	issuer->next_at_ms =
		deadline_in_ms(good ? issuer->options.refresh_ms
				    : backoff_next_ms(&backoff, issuer->failures, 0, id_random()));
	monitor_wake(&issuer->monitor);
}

static void *run(void *context)
{
	struct issuer *issuer = context;

	monitor_lock(&issuer->monitor);
	while (!issuer->stopping) {
		if (deadline_left_ms(issuer->next_at_ms) == 0)
			fetch_now(issuer);
		else
			monitor_wait(&issuer->monitor, issuer->next_at_ms);
	}
	monitor_unlock(&issuer->monitor);
	return NULL;
}

static void issuer_free(struct issuer *issuer)
{
	jwks_http_close(issuer->http);
	monitor_release(&issuer->monitor);
	free(issuer);
}

enum err_kind issuer_open(const struct issuer_options *options, struct issuer **ret_issuer, struct err *err)
{
	struct issuer *issuer = calloc(1, sizeof *issuer);

	if (!issuer)
		return err_set(err, ERR_FATAL, "no_memory", "out of memory");
	monitor_init(&issuer->monitor);
	issuer->options = *options;
	issuer->good_ms = deadline_in_ms(0);
	issuer->next_at_ms = issuer->good_ms;
	if (jwks_http_open(options->url, FETCH_MS, &issuer->http, err)) {
		issuer_free(issuer);
		return err->kind;
	}
	if (!thread_start(&issuer->thread, "issuer", run, issuer)) {
		issuer_free(issuer);
		return err_set(err, ERR_FATAL, "no_thread", "cannot start a thread");
	}
	*ret_issuer = issuer;
	return ERR_OK;
}

void issuer_close(struct issuer *issuer)
{
	if (!issuer)
		return;
	monitor_lock(&issuer->monitor);
	issuer->stopping = true;
	monitor_wake(&issuer->monitor);
	monitor_unlock(&issuer->monitor);
	pthread_join(issuer->thread, NULL);
	issuer_free(issuer);
}

bool issuer_ask(struct issuer *issuer)
{
	int64_t deadline_ms = deadline_in_ms(WAIT_MS);
	int64_t fetches, changes;
	bool changed;

	monitor_lock(&issuer->monitor);
	fetches = issuer->fetches;
	changes = issuer->changes;
	if (!issuer->is_fetching && deadline_in_ms(0) - issuer->begun_ms >= issuer->options.again_ms) {
		issuer->next_at_ms = deadline_in_ms(0);
		issuer->is_fetching = true; /* from here on, so that everybody who asks waits for this one */
		monitor_wake(&issuer->monitor);
	}
	while (issuer->is_fetching && issuer->fetches == fetches
	       && monitor_wait(&issuer->monitor, deadline_ms))
		;
	changed = issuer->changes != changes;
	monitor_unlock(&issuer->monitor);
	return changed;
}

void issuer_missing(void *issuer, char *ret_text, size_t cap)
{
	struct keys *keys = ((const struct issuer *)issuer)->options.keys;

	(void)str_copy(ret_text, cap, keys_count(keys) ? "" : "keys of the issuer");
}

int64_t issuer_age_ms(struct issuer *issuer)
{
	int64_t age_ms;

	monitor_lock(&issuer->monitor);
	age_ms = deadline_in_ms(0) - issuer->good_ms;
	monitor_unlock(&issuer->monitor);
	return age_ms;
}
