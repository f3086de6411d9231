/* monitor.h: a mutex with its condition, waiting against deadlines of the monotonic clock (clock.h). */
#ifndef MONITOR_H
#define MONITOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct monitor {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
};

void monitor_init(struct monitor *monitor);
void monitor_release(struct monitor *monitor);
void monitor_lock(struct monitor *monitor);
void monitor_unlock(struct monitor *monitor);

/* With the lock held: wait for the next wake, at most until deadline_ms (deadline_in_ms). False when the time is up.
 * Wakes may come without reason: test the condition in a loop. */
bool monitor_wait(struct monitor *monitor, int64_t deadline_ms);
/* With the lock held: everybody who waits looks again. */
void monitor_wake(struct monitor *monitor);
/* Only one of them, whichever. */
void monitor_wake_one(struct monitor *monitor);

#define THREAD_STACK_BYTES (512u * 1024)

/* Start a thread with a small stack and every signal blocked. name: at most 15 characters. False when the system has none left. */
bool thread_start(pthread_t *ret_thread, const char *name, void *(*run)(void *), void *context);

#endif
