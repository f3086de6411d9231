#include "verified.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "id.h"
#include "str.h"

#define SLOTS 1024 /* a power of two; a newer token takes the place of an older one */

struct verified {
	pthread_mutex_t lock;
	uint64_t seed; /* so that nobody can choose tokens that meet in one slot */
	char *slots[SLOTS];
};

struct verified *verified_new(void)
{
	struct verified *verified = calloc(1, sizeof *verified);

	if (!verified)
		return NULL;
	pthread_mutex_init(&verified->lock, NULL);
	verified->seed = id_random();
	return verified;
}

void verified_free(struct verified *verified)
{
	if (!verified)
		return;
	for (int i = 0; i < SLOTS; i++)
		free(verified->slots[i]);
	pthread_mutex_destroy(&verified->lock);
	free(verified);
}

/* FNV-1a from a random start. */
static size_t slot_of(const struct verified *verified, const char *text)
{
	uint64_t hash = verified->seed;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return (hash ^ hash >> 32) & (SLOTS - 1);
}

bool verified_has(struct verified *verified, const struct token *token)
{
	size_t slot;
	bool has;

	if (!verified)
		return false;
	slot = slot_of(verified, token->text);
	pthread_mutex_lock(&verified->lock);
	has = verified->slots[slot] && str_eq(verified->slots[slot], token->text);
	pthread_mutex_unlock(&verified->lock);
	return has;
}

void verified_add(struct verified *verified, const struct token *token)
{
	char *copy = verified ? strdup(token->text) : NULL, *old;
	size_t slot;

	if (!copy)
		return;
	slot = slot_of(verified, token->text);
	pthread_mutex_lock(&verified->lock);
	old = verified->slots[slot];
	verified->slots[slot] = copy;
	pthread_mutex_unlock(&verified->lock);
	free(old);
}
