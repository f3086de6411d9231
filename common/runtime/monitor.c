#include "monitor.h"

#include <signal.h>
#include <time.h>

void monitor_init(struct monitor *monitor)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&monitor->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&monitor->changed, &attr);
	pthread_condattr_destroy(&attr);
}

void monitor_release(struct monitor *monitor)
{
	pthread_cond_destroy(&monitor->changed);
	pthread_mutex_destroy(&monitor->mutex);
}

void monitor_lock(struct monitor *monitor)
{
	pthread_mutex_lock(&monitor->mutex);
}

void monitor_unlock(struct monitor *monitor)
{
	pthread_mutex_unlock(&monitor->mutex);
}

bool monitor_wait(struct monitor *monitor, int64_t deadline_ms)
{
	struct timespec until = {.tv_sec = deadline_ms / 1000, .tv_nsec = (deadline_ms % 1000) * 1000000};

	return pthread_cond_timedwait(&monitor->changed, &monitor->mutex, &until) == 0;
}

void monitor_wake(struct monitor *monitor)
{
	pthread_cond_broadcast(&monitor->changed);
}

void monitor_wake_one(struct monitor *monitor)
{
	pthread_cond_signal(&monitor->changed);
}

bool thread_start(pthread_t *ret_thread, const char *name, void *(*run)(void *), void *context)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int failed;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	failed = pthread_create(ret_thread, &attr, run, context);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (!failed)
		pthread_setname_np(*ret_thread, name);
	return !failed;
}
