/* redis.c: one connection, given up for a second after each failure */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "redis.h"
#include "redis_url.h"
#include "str.h"

#define REST_MS 1000

/* The bucket is one number: the microsecond at which it will be full again (GCRA's theoretical arrival time).
 * KEYS[1] bucket, ARGV[1] microseconds per unit, ARGV[2] burst. Answers the microseconds to wait; 0: spent.
 * tostring would write large numbers as 1.7e+15, hence the format. */
static const char gcra_script[] =
	"local t = redis.call('TIME') "
	"local now = t[1] * 1000000 + t[2] "
	"local unit = tonumber(ARGV[1]) "
	"local full = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + unit "
	"local wait = full - unit * tonumber(ARGV[2]) - now "
	"if wait > 0 then return math.ceil(wait) end "
	"redis.call('SET', KEYS[1], string.format('%.0f', full), "
	"'PX', string.format('%.0f', math.ceil((full - now) / 1000) + 1)) "
	"return 0";

struct redis {
	pthread_mutex_t lock;
	struct redis_url url;
	int64_t timeout_ms;
	_Atomic int64_t
		rest_until_ms; /* calls fail at once before this; 0: no rest. Read also without the lock */
	redisContext *line;    /* NULL: not connected */
	char script[41];       /* its SHA-1, as this server names it; "": not loaded */
};

enum err_kind redis_open(const char *url, int64_t timeout_ms, struct redis **ret_redis, struct err *err)
{
	struct redis *redis = calloc(1, sizeof(*redis));

	if (!redis)
		return err_set(err, ERR_FATAL, "redis_config", "out of memory");
	if (!redis_url_decode(url, &redis->url)) {
		free(redis);
		return err_set(err, ERR_FATAL, "redis_config", "the Redis url is not valid");
	}
	redis->timeout_ms = timeout_ms;
	pthread_mutex_init(&redis->lock, NULL);
	*ret_redis = redis;
	return ERR_OK;
}

static void hang_up(struct redis *redis)
{
	if (redis->line)
		redisFree(redis->line);
	redis->line = NULL;
	redis->script[0] = '\0';
}

void redis_close(struct redis *redis)
{
	if (!redis)
		return;
	hang_up(redis);
	pthread_mutex_destroy(&redis->lock);
	free(redis);
}

static redisReply *command(struct redis *redis, int count, const char **words)
{
	return redisCommandArgv(redis->line, count, words, NULL);
}

static bool answers_well(struct redis *redis, int count, const char **words)
{
	redisReply *reply = command(redis, count, words);
	bool good = reply && reply->type != REDIS_REPLY_ERROR;

	if (reply)
		freeReplyObject(reply);
	return good;
}

static bool log_in(struct redis *redis)
{
	const char *with_user[] = {"AUTH", redis->url.user, redis->url.password};
	const char *without_user[] = {"AUTH", redis->url.password};
	const char *pick[] = {"SELECT", redis->url.db};

	if (redis->url.password[0]
	    && !(redis->url.user[0] ? answers_well(redis, 3, with_user)
				    : answers_well(redis, 2, without_user)))
		return false;
	return !redis->url.db[0] || answers_well(redis, 2, pick);
}

static bool connect_line(struct redis *redis)
{
	struct timeval limit = {.tv_sec = redis->timeout_ms / 1000,
				.tv_usec = redis->timeout_ms % 1000 * 1000};

	if (redis->line)
		return true;
	redis->line = redisConnectWithTimeout(redis->url.host, redis->url.port, limit);
	return redis->line && !redis->line->err && redisSetTimeout(redis->line, limit) == REDIS_OK
	       && log_in(redis);
}

static bool load_script(struct redis *redis)
{
	const char *words[] = {"SCRIPT", "LOAD", gcra_script};
	redisReply *reply;
	bool good;

	if (redis->script[0])
		return true;
	reply = command(redis, 3, words);
	good = reply && reply->type == REDIS_REPLY_STRING
	       && str_copy(redis->script, sizeof(redis->script), reply->str);
	if (reply)
		freeReplyObject(reply);
	return good;
}

struct gcra {
	const char *key, *unit_us, *burst;
	int64_t wait_us;
};

/* wait_us negative: the script is not there (any more). False: no use of this line. */
static bool run_script(struct redis *redis, struct gcra *gcra)
{
	const char *words[] = {"EVALSHA", redis->script, "1", gcra->key, gcra->unit_us, gcra->burst};
	redisReply *reply = command(redis, 6, words);
	bool good = reply && reply->type == REDIS_REPLY_INTEGER && reply->integer >= 0;

	if (good)
		gcra->wait_us = reply->integer;
	if (reply && reply->type == REDIS_REPLY_ERROR && str_starts(reply->str, "NOSCRIPT")) {
		gcra->wait_us = -1;
		good = true;
	}
	if (reply)
		freeReplyObject(reply);
	return good;
}

/* One call: false when the line is of no use. */
typedef bool redis_attempt(struct redis *redis, void *context);

/* A server that was restarted has closed the old line: no reason to rest. A time-out is one. */
static bool was_hung_up(const struct redis *redis)
{
	return redis->line->err == REDIS_ERR_EOF
	       || (redis->line->err == REDIS_ERR_IO && (errno == EPIPE || errno == ECONNRESET));
}

static bool is_resting(struct redis *redis)
{
	return deadline_left_ms(atomic_load(&redis->rest_until_ms)) > 0;
}

/* False: Redis does not answer, and is left alone for a while. */
static bool try_or_rest(struct redis *redis, redis_attempt *attempt, void *context)
{
	bool had_line = redis->line;

	if (is_resting(redis))
		return false;
	/* After a failure one caller finds out whether Redis is back, and nobody waits for it meanwhile. */
	if (atomic_load(&redis->rest_until_ms))
		atomic_store(&redis->rest_until_ms, deadline_in_ms(REST_MS));
	if (connect_line(redis) && attempt(redis, context)) {
		atomic_store(&redis->rest_until_ms, 0);
		return true;
	}
	if (had_line && was_hung_up(redis)) {
		hang_up(redis);
		if (connect_line(redis) && attempt(redis, context))
			return true;
	}
	hang_up(redis);
	atomic_store(&redis->rest_until_ms, deadline_in_ms(REST_MS));
	return false;
}

static enum err_kind call(struct redis *redis, redis_attempt *attempt, void *context, struct err *err)
{
	bool good = !is_resting(redis);

	if (good) {
		pthread_mutex_lock(&redis->lock);
		good = try_or_rest(redis, attempt, context);
		pthread_mutex_unlock(&redis->lock);
	}
	if (!good)
		return err_set(err, ERR_RETRY, "redis_unavailable", "Redis does not answer");
	return ERR_OK;
}

static bool try_gcra(struct redis *redis, void *context)
{
	struct gcra *gcra = context;

	if (!load_script(redis) || !run_script(redis, gcra))
		return false;
	if (gcra->wait_us >= 0)
		return true;
	redis->script[0] = '\0'; /* SCRIPT FLUSH, or another server behind the same address */
	return load_script(redis) && run_script(redis, gcra) && gcra->wait_us >= 0;
}

enum err_kind redis_gcra(struct redis *redis, const char *key, double rate_per_s, int burst,
			 int64_t *ret_wait_ms, struct err *err)
{
	char unit_us[32];
	char burst_text[16];
	struct gcra gcra = {key, unit_us, burst_text, 0};
	enum err_kind kind;

	snprintf(unit_us, sizeof(unit_us), "%.3f", 1000000 / rate_per_s);
	snprintf(burst_text, sizeof(burst_text), "%d", burst);
	kind = call(redis, try_gcra, &gcra, err);
	if (kind)
		return kind;
	*ret_wait_ms = (gcra.wait_us + 999) / 1000;
	return ERR_OK;
}

struct reading {
	const char *key;
	struct buf *value;
	bool is_there;
};

static bool try_get(struct redis *redis, void *context)
{
	struct reading *reading = context;
	const char *words[] = {"GET", reading->key};
	redisReply *reply = command(redis, 2, words);
	bool good = reply && (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_NIL);

	reading->is_there = good && reply->type == REDIS_REPLY_STRING;
	if (reading->is_there)
		buf_add_bytes(reading->value, reply->str, reply->len);
	if (reply)
		freeReplyObject(reply);
	return good;
}

enum err_kind redis_get(struct redis *redis, const char *key, struct buf *value, struct err *err)
{
	struct reading reading = {.key = key, .value = value};
	enum err_kind kind = call(redis, try_get, &reading, err);

	if (kind)
		return kind;
	return reading.is_there ? ERR_OK : err_set(err, ERR_REJECT, "redis_no_key", "there is no such key");
}

struct writing {
	const char *key, *value, *seconds;
	size_t len;
};

static bool try_set(struct redis *redis, void *context)
{
	const struct writing *writing = context;
	const char *words[] = {"SET", writing->key, writing->value, "EX", writing->seconds};
	const size_t lens[] = {3, strlen(writing->key), writing->len, 2, strlen(writing->seconds)};
	redisReply *reply = redisCommandArgv(redis->line, 5, words, lens);
	bool good = reply && reply->type == REDIS_REPLY_STATUS;

	if (reply)
		freeReplyObject(reply);
	return good;
}

enum err_kind redis_set(struct redis *redis, const char *key, const void *value, size_t len, int64_t seconds,
			struct err *err)
{
	char text[24];
	struct writing writing = {key, value, text, len};

	snprintf(text, sizeof text, "%lld", (long long)seconds);
	return call(redis, try_set, &writing, err);
}
