/* http_pool.h: job threads behind a bounded queue. */
#ifndef HTTP_POOL_H
#define HTTP_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/* First member of whatever is queued; the pool never frees it. */
struct http_job {
	struct http_job *next;
};

struct http_pool_options {
	const char *name; /* thread name, at most 15 bytes */
	int threads;
	int queue_max;
	void (*run)(struct http_job *job);    /* on a job thread; may block */
	void (*refuse)(struct http_job *job); /* for jobs still queued when the pool closes */
};

struct http_job_pool;

enum err_kind http_pool_open(const struct http_pool_options *options, struct http_job_pool **ret_pool,
			     struct err *err) MUST_CHECK;
/* False when the queue is full or the pool closes; the job is then still the caller's. */
bool http_pool_submit(struct http_job_pool *pool, struct http_job *job) MUST_CHECK;
/* Refuse what is queued, wait for what runs until deadline_ms. False: a job still ran, nothing is freed. NULL is fine. */
bool http_pool_close(struct http_job_pool *pool, int64_t deadline_ms);
void http_pool_counts(struct http_job_pool *pool, int *ret_queued, int *ret_running);

#endif
