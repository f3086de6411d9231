#include "http_watch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"

#define LOOK_MS 250

struct http_watched {
	struct http_watched *prev, *next;
	int socket;
	bool is_ours;             /* a proxy of ours */
	struct address household; /* of a stranger */
	_Atomic int64_t since_ms; /* monotonic; 0: not counting */
};

struct http_watch {
	struct http_watch_options options;
	pthread_mutex_t
		lock; /* held while a socket is shut, so that its number cannot belong to another by then */
	pthread_cond_t stop;
	bool stopping;
	int count;
	int64_t ended;
	struct http_watched *first;
	pthread_t thread;
};

static int64_t now_ms(void)
{
	return deadline_in_ms(0);
}

static void shut(struct http_watched *watched)
{
	shutdown(watched->socket, SHUT_RDWR); /* its I/O thread sees the end and cleans up */
	atomic_store(&watched->since_ms, 0);
}

static void shut_late(struct http_watch *watch)
{
	int64_t now = now_ms();

	for (struct http_watched *watched = watch->first; watched; watched = watched->next) {
		int64_t since = atomic_load(&watched->since_ms);

		if (since && now - since > watch->options.total_ms)
			shut(watched);
	}
}

/* With the lock held. Those whose request is at work do not wait for their peer, and stay. */
static void shut_longest_waiting(struct http_watch *watch)
{
	struct http_watched *longest = NULL;
	int64_t longest_since = INT64_MAX;

	for (struct http_watched *watched = watch->first; watched; watched = watched->next) {
		int64_t since = atomic_load(&watched->since_ms);

		if (since && since <= longest_since && !watched->is_ours) {
			longest = watched;
			longest_since = since;
		}
	}
	if (!longest)
		return;
	shut(longest);
	watch->ended++;
}

static void *watch_thread(void *argument)
{
	struct http_watch *watch = argument;

	pthread_setname_np(pthread_self(), "http-watch");
	pthread_mutex_lock(&watch->lock);
	while (!watch->stopping) {
		int64_t next_ms = deadline_in_ms(LOOK_MS);
		struct timespec until = {.tv_sec = next_ms / 1000, .tv_nsec = (next_ms % 1000) * 1000000};

		pthread_cond_timedwait(&watch->stop, &watch->lock, &until);
		shut_late(watch);
	}
	pthread_mutex_unlock(&watch->lock);
	return NULL;
}

enum err_kind http_watch_open(const struct http_watch_options *options, struct http_watch **ret_watch,
			      struct err *err)
{
	struct http_watch *watch = calloc(1, sizeof *watch);
	pthread_condattr_t monotonic;

	if (!watch)
		return err_set(err, ERR_FATAL, "memory", "no memory for the connection watch");
	watch->options = *options;
	pthread_mutex_init(&watch->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&watch->stop, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&watch->thread, NULL, watch_thread, watch)) {
		free(watch);
		return err_set(err, ERR_FATAL, "threads", "cannot start the connection watch");
	}
	*ret_watch = watch;
	return ERR_OK;
}

void http_watch_close(struct http_watch *watch)
{
	if (!watch)
		return;
	pthread_mutex_lock(&watch->lock);
	watch->stopping = true;
	pthread_cond_signal(&watch->stop);
	pthread_mutex_unlock(&watch->lock);
	pthread_join(watch->thread, NULL);
	pthread_cond_destroy(&watch->stop);
	pthread_mutex_destroy(&watch->lock);
	free(watch);
}

bool http_watch_has_room(struct http_watch *watch, const struct address *household)
{
	int count = 0;

	if (!watch->options.per_address_max)
		return true;
	pthread_mutex_lock(&watch->lock);
	for (const struct http_watched *watched = watch->first; watched; watched = watched->next)
		count += !watched->is_ours && memcmp(&watched->household, household, sizeof *household) == 0;
	pthread_mutex_unlock(&watch->lock);
	return count < watch->options.per_address_max;
}

struct http_watched *http_watch_enter(struct http_watch *watch, int socket, const struct address *household)
{
	struct http_watched *watched = calloc(1, sizeof *watched);

	if (!watched)
		return NULL;
	watched->socket = socket;
	watched->is_ours = !household;
	if (household)
		watched->household = *household;
	atomic_init(&watched->since_ms, now_ms());
	pthread_mutex_lock(&watch->lock);
	if (watch->count >= watch->options.crowded_at)
		shut_longest_waiting(watch);
	watched->next = watch->first;
	if (watch->first)
		watch->first->prev = watched;
	watch->first = watched;
	watch->count++;
	pthread_mutex_unlock(&watch->lock);
	return watched;
}

void http_watch_leave(struct http_watch *watch, struct http_watched *watched)
{
	if (!watched)
		return;
	pthread_mutex_lock(&watch->lock);
	if (watched->prev)
		watched->prev->next = watched->next;
	else
		watch->first = watched->next;
	if (watched->next)
		watched->next->prev = watched->prev;
	watch->count--;
	pthread_mutex_unlock(&watch->lock);
	free(watched);
}

void http_watch_start(struct http_watched *watched)
{
	if (watched)
		atomic_store(&watched->since_ms, now_ms());
}

void http_watch_pause(struct http_watched *watched)
{
	if (watched)
		atomic_store(&watched->since_ms, 0);
}

void http_watch_shut(struct http_watch *watch)
{
	pthread_mutex_lock(&watch->lock);
	for (struct http_watched *watched = watch->first; watched; watched = watched->next)
		shut(watched);
	pthread_mutex_unlock(&watch->lock);
}

int http_watch_count(struct http_watch *watch)
{
	int count;

	pthread_mutex_lock(&watch->lock);
	count = watch->count;
	pthread_mutex_unlock(&watch->lock);
	return count;
}

int64_t http_watch_ended(struct http_watch *watch)
{
	int64_t ended;

	pthread_mutex_lock(&watch->lock);
	ended = watch->ended;
	pthread_mutex_unlock(&watch->lock);
	return ended;
}
