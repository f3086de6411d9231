/* kafka_handle.c: settings, what librdkafka reports, and a close that cannot hang */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kafka_private.h"
#include "str.h"

#define SYSLOG_ERR 3

static struct instant now(void)
{
	return clock_system()->now(clock_system());
}

void kafka_monitor_init(struct kafka_monitor *monitor)
{
	pthread_mutex_init(&monitor->lock, NULL);
	monitor->health = (struct kafka_health){.last_error_at = INSTANT_NONE};
}

void kafka_monitor_release(struct kafka_monitor *monitor)
{
	pthread_mutex_destroy(&monitor->lock);
}

void kafka_monitor_note(struct kafka_monitor *monitor, rd_kafka_resp_err_t code, const char *reason)
{
	struct kafka_health *health = &monitor->health;

	pthread_mutex_lock(&monitor->lock);
	health->errors++;
	health->last_error_at = now();
	snprintf(health->last_error, sizeof(health->last_error), "%s: %s", rd_kafka_err2name(code), reason);
	if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		health->brokers_down = true;
	if (code == RD_KAFKA_RESP_ERR__FATAL)
		health->broken = true;
	pthread_mutex_unlock(&monitor->lock);
}

void kafka_monitor_heard(struct kafka_monitor *monitor)
{
	pthread_mutex_lock(&monitor->lock);
	monitor->health.brokers_down = false;
	pthread_mutex_unlock(&monitor->lock);
}

void kafka_monitor_read(struct kafka_monitor *monitor, struct kafka_health *ret_health)
{
	pthread_mutex_lock(&monitor->lock);
	*ret_health = monitor->health;
	pthread_mutex_unlock(&monitor->lock);
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
	(void)rk;
	kafka_monitor_note(opaque, code, reason);
}

/* From librdkafka's own threads. Kept, not printed and not counted: what matters comes as an error too. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	struct kafka_monitor *monitor = rk ? rd_kafka_opaque(rk) : NULL;

	if (!monitor || level > SYSLOG_ERR)
		return;
	pthread_mutex_lock(&monitor->lock);
	monitor->health.last_error_at = now();
	snprintf(monitor->health.last_error, sizeof(monitor->health.last_error), "%s: %s", facility, text);
	pthread_mutex_unlock(&monitor->lock);
}

static enum err_kind set(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *err)
{
	char why[128]; /* not shown: it may quote a password */

	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
		return err_set(err, ERR_FATAL, "kafka_config", "librdkafka refuses the value of %s", name);
	return ERR_OK;
}

static enum err_kind set_all(rd_kafka_conf_t *conf, const struct kafka_setting *settings, struct err *err)
{
	for (; settings->name; settings++) {
		char number[24];

		snprintf(number, sizeof(number), "%" PRId64, settings->number);
		if (set(conf, settings->name, settings->text ? settings->text : number, err))
			return ERR_FATAL;
	}
	return ERR_OK;
}

static enum err_kind set_overrides(rd_kafka_conf_t *conf, const char *const *overrides, struct err *err)
{
	for (; overrides && *overrides; overrides++) {
		const char *value = strchr(*overrides, '=');
		char name[128];

		if (!value || (size_t)(value - *overrides) >= sizeof(name))
			return err_set(err, ERR_FATAL, "kafka_config", "a Kafka setting is not name=value");
		snprintf(name, sizeof(name), "%.*s", (int)(value - *overrides), *overrides);
		if (set(conf, name, value + 1, err))
			return ERR_FATAL;
	}
	return ERR_OK;
}

enum err_kind kafka_handle_new(rd_kafka_type_t type, const struct kafka_options *options,
			       const struct kafka_setting *settings, void (*tune)(rd_kafka_conf_t *conf),
			       struct kafka_monitor *monitor, rd_kafka_t **ret_rk, struct err *err)
{
	const struct kafka_setting common[] = {
		{"bootstrap.servers", options->bootstrap ? options->bootstrap : "", 0},
		{"client.id", options->client_id ? options->client_id : "unbook", 0},
		{"socket.keepalive.enable", "true", 0},
		{"socket.timeout.ms", NULL, 10000},
		{"reconnect.backoff.max.ms", NULL, 1000},
		{"topic.metadata.refresh.interval.ms", NULL, 5000}, /* a topic made late is found soon */
		{"log_level", NULL, SYSLOG_ERR},
		{NULL, NULL, 0},
	};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[160];

	if (!options->bootstrap || !options->bootstrap[0]) {
		rd_kafka_conf_destroy(conf);
		return err_set(err, ERR_FATAL, "kafka_config", "no bootstrap server");
	}
	if (set_all(conf, common, err) || set_all(conf, settings, err)
	    || set_overrides(conf, options->overrides, err)) {
		rd_kafka_conf_destroy(conf);
		return ERR_FATAL;
	}
	rd_kafka_conf_set_opaque(conf, monitor);
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_log_cb(conf, on_log);
	if (tune)
		tune(conf);
	*ret_rk = rd_kafka_new(type, conf, why, sizeof(why));
	if (!*ret_rk) {
		rd_kafka_conf_destroy(conf);
		return err_set(err, ERR_FATAL, "kafka_config", "%s", why);
	}
	return ERR_OK;
}

struct closing {
	void (*close)(void *subject);
	void *subject;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done;
	bool abandoned;
};

static void closing_free(struct closing *closing)
{
	pthread_cond_destroy(&closing->changed);
	pthread_mutex_destroy(&closing->lock);
	free(closing);
}

static void *run_closing(void *arg)
{
	struct closing *closing = arg;
	bool abandoned;

	closing->close(closing->subject);
	pthread_mutex_lock(&closing->lock);
	closing->done = true;
	abandoned = closing->abandoned;
	pthread_cond_signal(&closing->changed);
	pthread_mutex_unlock(&closing->lock);
	if (abandoned)
		closing_free(closing);
	return NULL;
}

static bool wait_closed(struct closing *closing, int64_t deadline_ms)
{
	/* deadline_in_ms counts on the same clock as the condition */
	struct timespec until = {.tv_sec = deadline_ms / 1000, .tv_nsec = deadline_ms % 1000 * 1000000};
	bool done;

	pthread_mutex_lock(&closing->lock);
	while (!closing->done)
		if (pthread_cond_timedwait(&closing->changed, &closing->lock, &until))
			break;
	done = closing->done;
	closing->abandoned = !done;
	pthread_mutex_unlock(&closing->lock);
	return done;
}

bool kafka_close_bounded(void (*close)(void *subject), void *subject, int64_t deadline_ms)
{
	struct closing *closing = calloc(1, sizeof(*closing));
	pthread_condattr_t monotonic;
	pthread_t thread;

	if (!closing)
		return false;
	closing->close = close;
	closing->subject = subject;
	pthread_mutex_init(&closing->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&closing->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&thread, NULL, run_closing, closing)) {
		closing_free(closing);
		return false;
	}
	if (!wait_closed(closing, deadline_ms)) {
		pthread_detach(thread);
		return false;
	}
	pthread_join(thread, NULL);
	closing_free(closing);
	return true;
}
