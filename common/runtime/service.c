#include "service.h"

#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "admin.h"
#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "monitor.h"
#include "probe_server.h"

#define CHECKS_MAX  8
#define GRACE_MS    2000 /* after the deadline, before a hanging close is cut off */
#define NAMES_BYTES 4096

static struct {
	struct monitor monitor;
	bool ready, stopping;
	int exit_code;
	int64_t deadline_ms;
	struct service_check checks[CHECKS_MAX];
	sigset_t signals;
	pthread_t watcher;
	bool has_watcher;
} service = {.monitor = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER}};

void service_stop(int exit_code)
{
	monitor_lock(&service.monitor);
	if (!service.stopping) {
		service.stopping = true;
		service.exit_code = exit_code;
		service.deadline_ms = deadline_in_ms(SERVICE_STOP_MS);
		if (service.has_watcher
		    && !pthread_equal(pthread_self(), service.watcher)) /* it keeps the deadline */
			pthread_kill(service.watcher, SIGTERM);
	} else if (exit_code) {
		service.exit_code = exit_code;
	}
	monitor_wake(&service.monitor);
	monitor_unlock(&service.monitor);
}

bool service_is_stopping(void)
{
	bool stopping;

	monitor_lock(&service.monitor);
	stopping = service.stopping;
	monitor_unlock(&service.monitor);
	return stopping;
}

int64_t service_deadline_ms(void)
{
	int64_t deadline;

	monitor_lock(&service.monitor);
	deadline = service.stopping ? service.deadline_ms : deadline_in_ms(SERVICE_STOP_MS);
	monitor_unlock(&service.monitor);
	return deadline;
}

void service_wait(void)
{
	monitor_lock(&service.monitor);
	service.ready = true;
	LOG(LOG_INFO, "ready", LOG_I("pid", getpid()));
	while (!service.stopping)
		monitor_wait(&service.monitor, deadline_in_ms(3600 * 1000));
	monitor_unlock(&service.monitor);
	LOG(LOG_INFO, "stopping", LOG_I("pid", getpid()));
}

/* The first signal stops, the second one exits; so does the deadline. */
static void *watch_signals(void *unused)
{
	bool seen = false;

	(void)unused;
	for (;;) {
		struct timespec poll = {.tv_sec = 1};
		int number = sigtimedwait(&service.signals, NULL,
					  seen ? &poll : &(struct timespec){.tv_sec = 3600});

		if (number > 0 && seen) {
			LOG(LOG_WARN, "second signal, exit now", LOG_I("signal", number));
			_exit(SERVICE_FAILED);
		}
		if (number > 0) {
			seen = true;
			service_stop(0);
		}
		if (service_is_stopping() && deadline_left_ms(service_deadline_ms() + GRACE_MS) == 0) {
			LOG(LOG_ERROR, "a part did not close in time", LOG_I("ms", SERVICE_STOP_MS));
			_exit(SERVICE_FAILED);
		}
	}
	return NULL;
}

/* No core with secrets in it, no signal for a cut line, few malloc arenas for many quiet threads. */
static void harden(void)
{
	struct rlimit none = {0};

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &none);
	signal(SIGPIPE, SIG_IGN);
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_TRIM_THRESHOLD, 128 * 1024);
	sigemptyset(&service.signals);
	sigaddset(&service.signals, SIGTERM);
	sigaddset(&service.signals, SIGINT);
	sigprocmask(SIG_BLOCK, &service.signals, NULL);
}

static enum log_level level_of(const char *word)
{
	static const char *const words[] = {
		[LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (word && strcmp(words[i], word) == 0)
			return (enum log_level)i;
	}
	return LOG_INFO;
}

/* What is misspelt would else be ignored in silence. */
static void log_strangers(const struct service_options *options)
{
	struct buf names;

	buf_init(&names, NAMES_BYTES);
	if (conf_strangers(options->rows, options->row_count, environ, &names))
		LOG(LOG_WARN, "ignored, no setting of this service", LOG_S("variables", names.data));
	buf_release(&names);
}

static int finish(enum err_kind kind, const struct err *err)
{
	if (kind) {
		LOG(LOG_ERROR, "failed", LOG_S("kind", err_kind_name(kind)), LOG_S("code", err->code),
		    LOG_S("error", err->msg));
		return SERVICE_FAILED;
	}
	LOG(LOG_INFO, "stopped", LOG_I("exit", service.exit_code));
	return service.exit_code;
}

int service_main(const struct service_options *options)
{
	struct probe_server *admin = NULL;
	struct err err = {0};
	enum err_kind kind;

	harden();
	log_init(options->name, level_of(options->settings->log_level));
	log_strangers(options);
	monitor_init(&service.monitor);
	process_metrics_collect(NULL);
	metrics_collector_add(process_metrics_collect, NULL);
	metric_set(METRIC(METRIC_GAUGE, "unbook_build_info", "1, with the version as a label.",
			  {"service", options->name}, {"version", options->version}),
		   1);
	service.has_watcher = thread_start(&service.watcher, "signals", watch_signals, NULL);
	if (!service.has_watcher)
		return finish(err_set(&err, ERR_FATAL, "no_thread", "cannot start a thread"), &err);
	kind = admin_open(options->settings->admin_listen, &admin, &err);
	if (!kind)
		kind = options->run(options->context, &err);
	if (kind)
		service_stop(SERVICE_FAILED);
	probe_server_close(admin);
	return finish(kind, &err);
}

void service_abandon(const char *why)
{
	LOG(LOG_WARN, "left behind", LOG_S("why", why), LOG_I("exit", service.exit_code));
	_exit(service.exit_code);
}

void service_check_add(const struct service_check *check)
{
	monitor_lock(&service.monitor);
	for (size_t i = 0; i < CHECKS_MAX; i++) {
		if (service.checks[i].name)
			continue;
		service.checks[i] = *check;
		break;
	}
	monitor_unlock(&service.monitor);
}

void service_check_remove(void *context)
{
	monitor_lock(&service.monitor);
	for (size_t i = 0; i < CHECKS_MAX; i++) {
		if (service.checks[i].name && service.checks[i].context == context)
			service.checks[i] = (struct service_check){0};
	}
	monitor_unlock(&service.monitor);
}

/* Called with the lock held, so that a part cannot be closed meanwhile: the functions of a check must not call back into service.c. */
static void add_missing(const struct service_check *check, struct buf *text)
{
	char what[128] = "";

	if (check->missing)
		check->missing(check->context, what, sizeof(what));
	if (what[0])
		buf_addf(text, "%s%s: %s", text->len ? "; " : "", check->name, what);
}

bool service_is_alive(char *ret_text, size_t cap)
{
	struct buf text;
	bool alive;

	buf_init(&text, cap - 1);
	monitor_lock(&service.monitor);
	for (size_t i = 0; i < CHECKS_MAX; i++) {
		const struct service_check *check = &service.checks[i];

		if (check->name && check->is_alive && !check->is_alive(check->context))
			buf_addf(&text, "%s%s stands still", text.len ? "; " : "", check->name);
	}
	monitor_unlock(&service.monitor);
	alive = !text.len && !text.failed;
	str_copy(ret_text, cap, text.data);
	buf_release(&text);
	return alive;
}

bool service_is_ready(char *ret_text, size_t cap)
{
	struct buf text;
	bool ready;

	buf_init(&text, cap - 1);
	monitor_lock(&service.monitor);
	if (service.stopping || !service.ready)
		buf_add(&text, service.stopping ? "stopping" : "starting");
	for (size_t i = 0; i < CHECKS_MAX; i++) {
		if (service.checks[i].name)
			add_missing(&service.checks[i], &text);
	}
	monitor_unlock(&service.monitor);
	ready = !text.len && !text.failed;
	str_copy(ret_text, cap, text.data);
	buf_release(&text);
	return ready;
}
