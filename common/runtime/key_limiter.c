#include "key_limiter.h"

#include <stdio.h>
#include <stdlib.h>

#include "gcra.h"
#include "id.h"
#include "metrics.h"
#include "monitor.h"
#include "str.h"

/* A key may stand in any of the WAYS places of its row; a new one takes the place of the one that owes least. So many keys at once push
 * out those that are nearly free to go, not the flood that must be held back. */
#define ROWS 2048 /* a power of two */
#define WAYS 4

struct bucket {
	uint64_t hash;
	double full_at_ms; /* local GCRA */
	int64_t refused_until_ms; /* Redis said so; nobody can spend earlier, for what others spend only makes it later */
};

struct key_limiter {
	struct key_limiter_options options;
	char prefix[128];
	struct gcra share;
	struct monitor lock;
	uint64_t seed;
	struct bucket rows[ROWS][WAYS];
};

enum err_kind key_limiter_open(const struct key_limiter_options *options, struct key_limiter **ret_limiter,
			       struct err *err)
{
	struct key_limiter *limiter = calloc(1, sizeof *limiter);

	if (!limiter || !str_copy(limiter->prefix, sizeof limiter->prefix, options->prefix)) {
		free(limiter);
		return err_set(err, ERR_FATAL, "no_memory", "no memory for the limit %s", options->name);
	}
	limiter->options = *options;
	if (!limiter->options.replicas)
		limiter->options.replicas = 1;
	if (!limiter->options.clock)
		limiter->options.clock = clock_system();
	if (options->per_minute)
		limiter->share = gcra_share((double)options->per_minute / 60, options->per_minute,
					    limiter->options.replicas);
	limiter->seed = id_random();
	monitor_init(&limiter->lock);
	*ret_limiter = limiter;
	return ERR_OK;
}

void key_limiter_close(struct key_limiter *limiter)
{
	if (!limiter)
		return;
	monitor_release(&limiter->lock);
	free(limiter);
}

static int64_t free_at_ms(const struct bucket *bucket)
{
	int64_t full_at_ms = (int64_t)bucket->full_at_ms;

	return full_at_ms > bucket->refused_until_ms ? full_at_ms : bucket->refused_until_ms;
}

/* With the lock held. */
static struct bucket *bucket_of(struct key_limiter *limiter, uint64_t hash)
{
	struct bucket *row = limiter->rows[hash & (ROWS - 1)];
	struct bucket *least = row;

	for (int i = 0; i < WAYS; i++) {
		if (row[i].hash == hash)
			return &row[i];
		if (free_at_ms(&row[i]) < free_at_ms(least))
			least = &row[i];
	}
	*least = (struct bucket){.hash = hash};
	return least;
}

static int64_t refused_for_ms(struct key_limiter *limiter, uint64_t hash, int64_t now)
{
	int64_t until_ms;

	monitor_lock(&limiter->lock);
	until_ms = bucket_of(limiter, hash)->refused_until_ms;
	monitor_unlock(&limiter->lock);
	return until_ms > now ? until_ms - now : 0;
}

static void refuse_until(struct key_limiter *limiter, uint64_t hash, int64_t until_ms)
{
	monitor_lock(&limiter->lock);
	bucket_of(limiter, hash)->refused_until_ms = until_ms;
	monitor_unlock(&limiter->lock);
}

static int64_t local_admit_ms(struct key_limiter *limiter, uint64_t hash, int64_t now)
{
	int64_t wait_ms;

	metric_add(METRIC(METRIC_COUNTER, "unbook_limiter_fallbacks_total",
			  "Asked the local share because Redis did not answer.",
			  {"limiter", limiter->options.name}),
		   limiter->options.redis != NULL);
	monitor_lock(&limiter->lock);
	wait_ms = gcra_take_ms(&limiter->share, &bucket_of(limiter, hash)->full_at_ms, now);
	monitor_unlock(&limiter->lock);
	return wait_ms;
}

int64_t key_limiter_admit_ms(struct key_limiter *limiter, const char *key)
{
	char full_key[sizeof limiter->prefix + KEY_LIMITER_KEY_BYTES];
	int64_t now, wait_ms;
	uint64_t hash;

	if (!limiter || !limiter->options.per_minute)
		return 0;
	now = limiter->options.clock->monotonic_ms(limiter->options.clock);
	hash = str_hash(key, limiter->seed);
	wait_ms = refused_for_ms(limiter, hash, now);
	if (wait_ms)
		return wait_ms;
	(void)snprintf(full_key, sizeof full_key, "%s%s", limiter->prefix, key);
	if (!limiter->options.redis
	    || redis_gcra(limiter->options.redis, full_key, (double)limiter->options.per_minute / 60,
			  (int)limiter->options.per_minute, &wait_ms, NULL))
		return local_admit_ms(limiter, hash, now);
	if (wait_ms)
		refuse_until(limiter, hash, now + wait_ms);
	return wait_ms;
}
