#include "user_cache.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "str.h"

#define SLOTS 4096 /* a power of two; a newer subject takes the place of an older one */

struct user_cache {
	pthread_mutex_t lock;
	uint64_t seed; /* so that nobody can choose subjects that meet in one slot */
	struct {
		char *subject;
		int64_t id;
		unsigned says; /* all that its tokens have said so far */
	} slots[SLOTS];
};

enum err_kind user_cache_new(struct user_cache **ret_cache, struct err *err)
{
	struct user_cache *cache = calloc(1, sizeof *cache);

	if (!cache)
		return err_set(err, ERR_FATAL, "no_memory", "no memory for the user cache");
	pthread_mutex_init(&cache->lock, NULL);
	cache->seed = id_random();
	*ret_cache = cache;
	return ERR_OK;
}

void user_cache_free(struct user_cache *cache)
{
	if (!cache)
		return;
	for (int i = 0; i < SLOTS; i++)
		free(cache->slots[i].subject);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

static size_t slot_of(const struct user_cache *cache, const char *subject)
{
	return str_hash(subject, cache->seed) & (SLOTS - 1);
}

static bool is_in(const struct user_cache *cache, size_t slot, const char *subject)
{
	return cache->slots[slot].subject && strcmp(cache->slots[slot].subject, subject) == 0;
}

int64_t user_cache_find(struct user_cache *cache, const char *subject, unsigned says)
{
	size_t slot = slot_of(cache, subject);
	int64_t id = 0;

	pthread_mutex_lock(&cache->lock);
	if (is_in(cache, slot, subject) && !(says & ~cache->slots[slot].says))
		id = cache->slots[slot].id;
	pthread_mutex_unlock(&cache->lock);
	return id;
}

void user_cache_put(struct user_cache *cache, const char *subject, unsigned says, int64_t id)
{
	size_t slot = slot_of(cache, subject);
	char *copy = strdup(subject), *old;

	if (!copy)
		return;
	pthread_mutex_lock(&cache->lock);
	old = cache->slots[slot].subject;
	cache->slots[slot].says = says | (is_in(cache, slot, subject) ? cache->slots[slot].says : 0);
	cache->slots[slot].subject = copy;
	cache->slots[slot].id = id;
	pthread_mutex_unlock(&cache->lock);
	free(old);
}
