#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "private_server.h"
#include "redis.h"

static char key[64];

static void name_key(void)
{
	signal(SIGPIPE, SIG_IGN); /* as every service does */
	snprintf(key, sizeof(key), "io:%d:%" PRId64, (int)getpid(), clock_system()->now(clock_system()).us);
}

TestSuite(redis, .init = name_key, .timeout = 60);

static struct redis *open_at(const char *url)
{
	struct redis *redis;
	struct err err = {0};

	cr_assert_not_null(url, "UNBOOK_TEST_REDIS_URL is not set");
	cr_assert_eq(redis_open(url, 300, &redis, &err), ERR_OK, "%s", err.msg);
	return redis;
}

static struct redis *open_shared(void)
{
	return open_at(getenv("UNBOOK_TEST_REDIS_URL"));
}

/* How long to wait; 0: go. */
static int64_t ask(struct redis *redis, double rate_per_s, int burst)
{
	struct err err = {0};
	int64_t wait_ms = -1;

	cr_assert_eq(redis_gcra(redis, key, rate_per_s, burst, &wait_ms, &err), ERR_OK, "%s", err.msg);
	cr_assert_geq(wait_ms, 0);
	return wait_ms;
}

static enum err_kind try(struct redis *redis)
{
	struct err err = {0};
	int64_t wait_ms;
	enum err_kind kind = redis_gcra(redis, key, 1000, 10, &wait_ms, &err);

	if (kind)
		cr_assert_str_eq(err.code, "redis_unavailable");
	return kind;
}

static void wait_ms(int64_t ms)
{
	struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&span, NULL);
}

/* It is asked again a second after it failed. */
static void await_ok(struct redis *redis)
{
	int64_t deadline_ms = deadline_in_ms(5000);

	while (try(redis)) {
		cr_assert_gt(deadline_left_ms(deadline_ms), 0);
		wait_ms(20);
	}
}

Test(redis, a_burst_goes_at_once_and_then_one_unit_each)
{
	struct redis *redis = open_shared();

	for (int i = 0; i < 5; i++)
		cr_assert_eq(ask(redis, 2, 5), 0, "%d", i);
	for (int i = 0; i < 3; i++) { /* asking in vain spends nothing */
		int64_t wait = ask(redis, 2, 5);

		cr_assert(wait > 300 && wait <= 500, "%d", (int)wait);
	}
	redis_close(redis);
}

Test(redis, what_it_says_to_wait_is_enough)
{
	struct redis *redis = open_shared();

	cr_assert_eq(ask(redis, 10, 1), 0);
	for (int i = 0; i < 5; i++) {
		wait_ms(ask(redis, 10, 1));
		cr_assert_eq(ask(redis, 10, 1), 0);
	}
	redis_close(redis);
}

struct spender {
	pthread_t thread;
	struct redis *redis;
	int64_t until_ms;
	int spent;
};

static void *spend(void *arg)
{
	struct spender *spender = arg;

	while (deadline_left_ms(spender->until_ms) > 0) {
		int64_t wait = ask(spender->redis, 100, 1);

		spender->spent += wait == 0;
		wait_ms(wait < 20 ? wait : 20);
	}
	return NULL;
}

/* Two handles with two threads each stand for two processes. */
Test(redis, all_handles_share_one_budget)
{
	struct redis *handles[] = {open_shared(), open_shared()};
	struct spender spenders[4];
	int64_t until_ms = deadline_in_ms(2000);
	int spent = 0;

	for (int i = 0; i < 4; i++) {
		spenders[i] = (struct spender){.redis = handles[i % 2], .until_ms = until_ms};
		cr_assert_eq(pthread_create(&spenders[i].thread, NULL, spend, &spenders[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(spenders[i].thread, NULL);
		spent += spenders[i].spent;
	}
	cr_assert_leq(spent, 204);
	cr_assert_geq(spent, 120, "%d of 200", spent);
	redis_close(handles[0]);
	redis_close(handles[1]);
}

static void command(const struct private_server *server, const char *words)
{
	redisContext *line = redisConnect("127.0.0.1", server->port);
	redisReply *reply = redisCommand(line, words);

	cr_assert_not_null(reply);
	cr_assert_neq(reply->type, REDIS_REPLY_ERROR, "%s", reply->str);
	freeReplyObject(reply);
	redisFree(line);
}

Test(redis, a_server_that_forgot_everything_is_told_again)
{
	struct private_server server;
	struct redis *redis;

	private_server_init(&server);
	private_server_start(&server);
	redis = open_at(server.url);
	cr_assert_eq(ask(redis, 1, 1), 0);
	cr_assert_gt(ask(redis, 1, 1), 0);
	command(&server, "FLUSHALL");
	cr_assert_eq(ask(redis, 1, 1), 0); /* the budget is whole again: the price of a cache */
	command(&server, "SCRIPT FLUSH");
	cr_assert_gt(ask(redis, 1, 1), 0);
	redis_close(redis);
	private_server_stop(&server);
}

Test(redis, a_restarted_server_is_used_again_without_an_error)
{
	struct private_server server;
	struct redis *redis;

	private_server_init(&server);
	private_server_start(&server);
	redis = open_at(server.url);
	cr_assert_eq(try(redis), ERR_OK);
	private_server_stop(&server);
	private_server_start(&server);
	cr_assert_eq(try(redis), ERR_OK);
	redis_close(redis);
	private_server_stop(&server);
}

Test(redis, a_server_that_is_down_costs_no_time_and_is_found_when_it_is_up)
{
	struct private_server server;
	int64_t began_ms;
	struct redis *redis;

	private_server_init(&server);
	redis = open_at(server.url);
	cr_assert_eq(try(redis), ERR_RETRY);
	private_server_start(&server);
	began_ms = deadline_in_ms(0);
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(try(redis), ERR_RETRY); /* at rest for a second */
	cr_assert_lt(deadline_in_ms(0) - began_ms, 300);
	await_ok(redis);
	redis_close(redis);
	private_server_stop(&server);
}

Test(redis, a_frozen_server_costs_one_time_out_and_then_nothing)
{
	struct private_server server;
	int64_t began_ms;
	struct redis *redis;

	private_server_init(&server);
	private_server_start(&server);
	redis = open_at(server.url);
	cr_assert_eq(try(redis), ERR_OK);
	kill(server.pid, SIGSTOP);
	began_ms = deadline_in_ms(0);
	cr_assert_eq(try(redis), ERR_RETRY);
	cr_assert_geq(deadline_in_ms(0) - began_ms, 290);
	cr_assert_lt(deadline_in_ms(0) - began_ms, 900);
	began_ms = deadline_in_ms(0);
	cr_assert_eq(try(redis), ERR_RETRY);
	cr_assert_lt(deadline_in_ms(0) - began_ms, 200);
	kill(server.pid, SIGCONT);
	await_ok(redis);
	redis_close(redis);
	private_server_stop(&server);
}

/* "": there is none. */
static const char *value_of(struct redis *redis)
{
	static char text[16];
	struct err err = {0};
	struct buf value;
	enum err_kind kind;

	buf_init(&value, sizeof text - 1);
	kind = redis_get(redis, key, &value, &err);
	cr_assert(kind == ERR_OK || strcmp(err.code, "redis_no_key") == 0, "%s", err.code);
	memset(text, 0, sizeof text);
	if (value.len)
		memcpy(text, value.data, value.len);
	buf_release(&value);
	return text;
}

Test(redis, a_value_is_kept_byte_by_byte_until_its_time_is_over)
{
	struct redis *redis = open_shared();
	struct err err = {0};
	int64_t deadline_ms;

	cr_assert_str_eq(value_of(redis), "");
	cr_assert_eq(redis_set(redis, key, "a\0%s\r\n", 6, 60, &err), ERR_OK);
	cr_assert_eq(memcmp(value_of(redis), "a\0%s\r\n", 7), 0);
	cr_assert_eq(redis_set(redis, key, "b", 1, 1, &err), ERR_OK);
	cr_assert_str_eq(value_of(redis), "b");
	for (deadline_ms = deadline_in_ms(5000); strcmp(value_of(redis), "") != 0; wait_ms(50))
		cr_assert_gt(deadline_left_ms(deadline_ms), 0);
	redis_close(redis);
}

Test(redis, a_password_and_a_database_are_used)
{
	struct private_server server;
	char url[96];
	struct redis *redis;

	private_server_init(&server);
	private_server_start(&server);
	command(&server, "CONFIG SET requirepass pass-word");
	redis = open_at(server.url);
	cr_assert_eq(try(redis), ERR_RETRY);
	redis_close(redis);
	snprintf(url, sizeof(url), "redis://:pass%%2dword@127.0.0.1:%d/3", server.port);
	redis = open_at(url);
	cr_assert_eq(try(redis), ERR_OK);
	redis_close(redis);
	private_server_stop(&server);
}

Test(redis, a_bad_url_is_fatal_and_is_not_shown)
{
	struct redis *redis;
	struct err err = {0};

	cr_assert_eq(redis_open("redis://:hunter2@", 100, &redis, &err), ERR_FATAL);
	cr_assert_str_eq(err.code, "redis_config");
	cr_assert_null(strstr(err.msg, "hunter2"));
	redis_close(NULL);
}
