/* pg_pool.c: a fixed number of connections, the last one given back is taken first */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "pg_private.h"

struct pg_pool {
	struct pg_options options;
	pthread_mutex_t lock;
	pthread_cond_t given;
	int size;
	int taken; /* connections, and places of connections still being opened */
	int idle_count;
	struct pg *idle[];
};

enum err_kind pg_pool_open(const struct pg_options *options, int size, struct pg_pool **ret_pool,
			   struct err *err)
{
	pthread_condattr_t monotonic;
	struct pg_pool *pool;

	if (pg_check_url(options->url, err))
		return ERR_FATAL;
	if (size < 1)
		return err_set(err, ERR_FATAL, "pg_config", "a pool of %d connections", size);
	pool = calloc(1, sizeof(*pool) + (size_t)size * sizeof(pool->idle[0]));
	if (!pool)
		return err_set(err, ERR_RETRY, "pg_unavailable", "out of memory");
	pool->options = *options;
	pool->size = size;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->given, &monotonic);
	pthread_condattr_destroy(&monotonic);
	*ret_pool = pool;
	return ERR_OK;
}

/* Take a place; *ret_pg is the idle connection that comes with it, or NULL. False: none became free in time. */
static bool take_place(struct pg_pool *pool, int64_t wait_ms, struct pg **ret_pg)
{
	int64_t deadline_ms = deadline_in_ms(wait_ms);
	bool free_place;

	pthread_mutex_lock(&pool->lock);
	while (pool->taken == pool->size) {
		int64_t left_ms = deadline_left_ms(deadline_ms);
		struct timespec until;

		if (!left_ms)
			break;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += left_ms / 1000;
		until.tv_nsec += left_ms % 1000 * 1000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&pool->given, &pool->lock, &until);
	}
	free_place = pool->taken < pool->size;
	if (free_place) {
		pool->taken++;
		*ret_pg = pool->idle_count ? pool->idle[--pool->idle_count] : NULL;
	}
	pthread_mutex_unlock(&pool->lock);
	return free_place;
}

static void give_place(struct pg_pool *pool, struct pg *pg)
{
	pthread_mutex_lock(&pool->lock);
	pool->taken--;
	if (pg)
		pool->idle[pool->idle_count++] = pg;
	pthread_cond_signal(&pool->given);
	pthread_mutex_unlock(&pool->lock);
}

enum err_kind pg_pool_take(struct pg_pool *pool, int64_t wait_ms, struct pg **ret_pg, struct err *err)
{
	struct pg *pg = NULL;
	enum err_kind kind;

	if (!take_place(pool, wait_ms, &pg))
		return err_set(err, ERR_RETRY, "pg_busy", "all %d connections are in use", pool->size);
	if (pg && pg_line_is_alive(pg)) {
		*ret_pg = pg;
		return ERR_OK;
	}
	pg_close(pg);
	kind = pg_open(&pool->options, ret_pg, err);
	if (kind)
		give_place(pool, NULL);
	return kind;
}

void pg_pool_give(struct pg_pool *pool, struct pg *pg)
{
	if (!pg)
		return;
	pg_rollback(pg);
	if (pg->broken) {
		pg_close(pg);
		pg = NULL;
	}
	give_place(pool, pg);
}

void pg_pool_close(struct pg_pool *pool)
{
	if (!pool)
		return;
	assert(!pool->taken);
	for (int i = 0; i < pool->idle_count; i++)
		pg_close(pool->idle[i]);
	pthread_cond_destroy(&pool->given);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
