#include "http_pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "clock.h"

#define STACK_BYTES (512 * 1024)

struct http_job_pool {
	struct http_pool_options options;
	pthread_mutex_t lock;
	pthread_cond_t work; /* a job is queued, or the pool closes */
	pthread_cond_t rest; /* a thread has left */
	struct http_job *first, *last;
	int queued, running;
	int alive; /* threads not yet left */
	bool closing;
	int thread_count;
	pthread_t threads[];
};

static struct http_job *take_job(struct http_job_pool *pool)
{
	struct http_job *job;

	while (!pool->first && !pool->closing)
		pthread_cond_wait(&pool->work, &pool->lock);
	if (pool->closing)
		return NULL;
	job = pool->first;
	pool->first = job->next;
	if (!pool->first)
		pool->last = NULL;
	pool->queued--;
	pool->running++;
	return job;
}

static void *pool_thread(void *argument)
{
	struct http_job_pool *pool = argument;
	struct http_job *job;

	pthread_setname_np(pthread_self(), pool->options.name);
	pthread_mutex_lock(&pool->lock);
	while ((job = take_job(pool))) {
		pthread_mutex_unlock(&pool->lock);
		pool->options.run(job);
		pthread_mutex_lock(&pool->lock);
		pool->running--;
	}
	pool->alive--;
	pthread_cond_broadcast(&pool->rest);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static bool start_threads(struct http_job_pool *pool)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (int i = 0; i < pool->options.threads; i++) {
		pthread_mutex_lock(&pool->lock);
		if (pthread_create(&pool->threads[i], &attr, pool_thread, pool) == 0) {
			pool->thread_count++;
			pool->alive++;
		}
		pthread_mutex_unlock(&pool->lock);
	}
	pthread_attr_destroy(&attr);
	return pool->thread_count == pool->options.threads;
}

enum err_kind http_pool_open(const struct http_pool_options *options, struct http_job_pool **ret_pool,
			     struct err *err)
{
	struct http_job_pool *pool = calloc(1, sizeof *pool + (size_t)options->threads * sizeof(pthread_t));
	pthread_condattr_t monotonic;

	if (!pool)
		return err_set(err, ERR_FATAL, "memory", "no memory for job threads");
	pool->options = *options;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->rest, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (!start_threads(pool)) {
		http_pool_close(pool, deadline_in_ms(1000));
		return err_set(err, ERR_FATAL, "threads", "cannot start %d job threads", options->threads);
	}
	*ret_pool = pool;
	return ERR_OK;
}

bool http_pool_submit(struct http_job_pool *pool, struct http_job *job)
{
	bool taken;

	job->next = NULL;
	pthread_mutex_lock(&pool->lock);
	taken = !pool->closing && pool->queued < pool->options.queue_max;
	if (taken) {
		if (pool->last)
			pool->last->next = job;
		else
			pool->first = job;
		pool->last = job;
		pool->queued++;
		pthread_cond_signal(&pool->work);
	}
	pthread_mutex_unlock(&pool->lock);
	return taken;
}

static void refuse_queued(struct http_job_pool *pool, struct http_job *job)
{
	while (job) {
		struct http_job *next = job->next;

		pool->options.refuse(job);
		job = next;
	}
}

/* The threads have left, or the deadline has passed. */
static bool wait_for_rest(struct http_job_pool *pool, int64_t deadline_ms)
{
	struct timespec until = {.tv_sec = deadline_ms / 1000, .tv_nsec = (deadline_ms % 1000) * 1000000};
	bool done;

	pthread_mutex_lock(&pool->lock);
	while (pool->alive && deadline_left_ms(deadline_ms) > 0)
		pthread_cond_timedwait(&pool->rest, &pool->lock, &until);
	done = pool->alive == 0;
	pthread_mutex_unlock(&pool->lock);
	return done;
}

bool http_pool_close(struct http_job_pool *pool, int64_t deadline_ms)
{
	struct http_job *waiting;

	if (!pool)
		return true;
	pthread_mutex_lock(&pool->lock);
	pool->closing = true;
	waiting = pool->first;
	pool->first = pool->last = NULL;
	pool->queued = 0;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	refuse_queued(pool, waiting);
	if (!wait_for_rest(pool, deadline_ms))
		return false;
	for (int i = 0; i < pool->thread_count; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_cond_destroy(&pool->rest);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
	return true;
}

void http_pool_counts(struct http_job_pool *pool, int *ret_queued, int *ret_running)
{
	pthread_mutex_lock(&pool->lock);
	*ret_queued = pool->queued;
	*ret_running = pool->running;
	pthread_mutex_unlock(&pool->lock);
}
