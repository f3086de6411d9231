/* arena.c: a list of zeroed blocks; the newest is filled from the front, all are freed together */
#include "arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)4096)

struct arena_block {
	struct arena_block *next;
	size_t used_bytes;
	size_t size_bytes;
	alignas(max_align_t) unsigned char data[];
};

void arena_init(struct arena *arena, size_t max_bytes)
{
	*arena = (struct arena){.max_bytes = max_bytes};
}

static struct arena_block *block_add(struct arena *arena, size_t size)
{
	size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
	struct arena_block *block = calloc(1, sizeof(*block) + room);

	if (!block)
		return NULL;
	block->size_bytes = room;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct arena_block *block = arena->blocks;
	void *taken;

	if (size > arena->max_bytes || size > SIZE_MAX / 2)
		return NULL;
	size = size ? (size + align - 1) / align * align : align;
	if (size > arena->max_bytes - arena->used_bytes)
		return NULL;
	if (!block || size > block->size_bytes - block->used_bytes)
		block = block_add(arena, size);
	if (!block)
		return NULL;
	taken = block->data + block->used_bytes;
	block->used_bytes += size;
	arena->used_bytes += size;
	return taken;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
	size_t bytes;
	char *copy;

	if (!text)
		return NULL;
	bytes = strnlen(text, len);
	copy = arena_alloc(arena, bytes + 1);
	if (copy)
		memcpy(copy, text, bytes);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, SIZE_MAX);
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list args, again;
	char *text = NULL;
	int len;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, args);
	if (len >= 0)
		text = arena_alloc(arena, (size_t)len + 1);
	if (text)
		vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	va_end(args);
	return text;
}

void arena_reset(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		free(block);
	}
	arena->used_bytes = 0;
}

void arena_release(struct arena *arena)
{
	arena_reset(arena);
}
