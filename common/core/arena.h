/* arena.h: memory that ends together. What is decoded from one message or request lives in its arena. Not thread-safe. */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

#include "err.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used_bytes;
	size_t max_bytes;
};

/* max_bytes bounds everything ever taken from it until reset. Allocates nothing yet. */
void arena_init(struct arena *arena, size_t max_bytes);

/* Zeroed, aligned for any type, owned by the arena. NULL when max_bytes would be passed or memory is out. */
void *arena_alloc(struct arena *arena, size_t size) MUST_CHECK;

/* Copies; NULL in gives NULL out. arena_strndup stops at len or a NUL. */
char *arena_strdup(struct arena *arena, const char *text) MUST_CHECK;
char *arena_strndup(struct arena *arena, const char *text, size_t len) MUST_CHECK;
char *arena_printf(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;

/* Free everything taken; the arena can be used again with the same maximum. */
void arena_reset(struct arena *arena);
void arena_release(struct arena *arena);

#endif
