/* tsan_librdkafka.c: what ThreadSanitizer must know about librdkafka, linked into its builds.
 * librdkafka makes C11 threads, in which ThreadSanitizer crashes: here they are POSIX threads, and the linker prefers
 * these to libc's. And its atomics were not compiled with the sanitizer, so that its own order of things is not seen:
 * what it calls is not reported. Our callbacks in its threads are. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
	return "called_from_lib:librdkafka.so";
}

static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "glibc's mutexes are the same thing");
static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "glibc's conditions are the same thing");
static_assert(sizeof(thrd_t) == sizeof(pthread_t), "glibc's thread names are the same thing");
static_assert(sizeof(once_flag) == sizeof(pthread_once_t), "glibc's once flags are the same thing");

static int result_of(int failed)
{
	switch (failed) {
	case 0:
		return thrd_success;
	case ENOMEM:
		return thrd_nomem;
	case ETIMEDOUT:
		return thrd_timedout;
	case EBUSY:
		return thrd_busy;
	}
	return thrd_error;
}

struct start {
	thrd_start_t run;
	void *arg;
};

static void *run_start(void *arg)
{
	struct start start = *(struct start *)arg;

	free(arg);
	return (void *)(intptr_t)start.run(start.arg);
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *arg)
{
	struct start *start = malloc(sizeof(*start));
	int failed;

	if (!start)
		return thrd_nomem;
	*start = (struct start){.run = run, .arg = arg};
	failed = pthread_create(thread, NULL, run_start, start);
	if (failed)
		free(start);
	return result_of(failed);
}

int thrd_join(thrd_t thread, int *ret_result)
{
	void *result = NULL;
	int failed = pthread_join(thread, &result);

	if (!failed && ret_result)
		*ret_result = (int)(intptr_t)result;
	return result_of(failed);
}

int thrd_detach(thrd_t thread)
{
	return result_of(pthread_detach(thread));
}

/* What is made in it (librdkafka's global mutex) is there for whoever comes later. */
void call_once(once_flag *flag, void (*run)(void))
{
	pthread_once((pthread_once_t *)flag, run);
}

void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);

/* Of a mutex in a new block, which the library hands to its other threads by atomics that are not seen here: that it was made is no write
 * that could race with its first lock (seen once in some hundred runs). Locks and unlocks count as always. */
int mtx_init(mtx_t *mutex, int type)
{
	pthread_mutexattr_t attributes;
	int failed;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes,
				  type & mtx_recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
	AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
	failed = pthread_mutex_init((pthread_mutex_t *)mutex, &attributes);
	AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
	pthread_mutexattr_destroy(&attributes);
	return result_of(failed);
}

void mtx_destroy(mtx_t *mutex)
{
	pthread_mutex_destroy((pthread_mutex_t *)mutex);
}

int mtx_lock(mtx_t *mutex)
{
	return result_of(pthread_mutex_lock((pthread_mutex_t *)mutex));
}

int mtx_trylock(mtx_t *mutex)
{
	return result_of(pthread_mutex_trylock((pthread_mutex_t *)mutex));
}

int mtx_timedlock(mtx_t *restrict mutex, const struct timespec *restrict until)
{
	return result_of(pthread_mutex_timedlock((pthread_mutex_t *)mutex, until));
}

int mtx_unlock(mtx_t *mutex)
{
	return result_of(pthread_mutex_unlock((pthread_mutex_t *)mutex));
}

int cnd_init(cnd_t *condition)
{
	return result_of(pthread_cond_init((pthread_cond_t *)condition, NULL));
}

void cnd_destroy(cnd_t *condition)
{
	pthread_cond_destroy((pthread_cond_t *)condition);
}

int cnd_signal(cnd_t *condition)
{
	return result_of(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition)
{
	return result_of(pthread_cond_broadcast((pthread_cond_t *)condition));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
	return result_of(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict until)
{
	return result_of(
		pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until));
}
