/* What happens when malloc has nothing left: everything degrades as its header says. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "conf_table.h"
#include "str.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);

static int allocations_left = -1; /* negative: no limit */

static bool may_allocate(void)
{
	if (allocations_left > 0)
		allocations_left--;
	return allocations_left != 0;
}

void *__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return may_allocate() ? __real_calloc(count, size) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
	return may_allocate() ? __real_realloc(old, size) : NULL;
}

char *__wrap_strdup(const char *text)
{
	return may_allocate() ? __real_strdup(text) : NULL;
}

Test(without_memory, an_arena_gives_null_and_stays_usable)
{
	struct arena arena;
	void *big, *text, *formatted, *small, *later;

	arena_init(&arena, 1 << 20);
	allocations_left = 0;
	big = arena_alloc(&arena, 10);
	text = arena_strdup(&arena, "x");
	formatted = arena_printf(&arena, "%d", 1);
	allocations_left = -1;
	small = arena_alloc(&arena, 10);
	allocations_left = 0;
	later = arena_alloc(&arena, 10000);
	allocations_left = -1;
	cr_assert(!big && !text && !formatted && small && !later);
	cr_assert_eq(arena.used_bytes, 16, "what was not given is not counted");
	arena_release(&arena);
}

Test(without_memory, a_buf_fails_and_keeps_what_it_has)
{
	struct buf buf;

	buf_init(&buf, 10000);
	allocations_left = 0;
	buf_add(&buf, "x");
	allocations_left = -1;
	cr_assert(buf.failed);
	cr_assert_str_eq(buf.data, "");
	buf_reset(&buf);
	buf_add(&buf, "kept");
	allocations_left = 0;
	buf_addf(&buf, "%0900d", 1);
	allocations_left = -1;
	cr_assert(buf.failed);
	cr_assert_str_eq(buf.data, "kept");
	buf_release(&buf);
}

Test(without_memory, settings_that_cannot_be_stored_are_mistakes)
{
	char *environment[] = {"UNBOOK_PG_URL=postgres://h", "UNBOOK_KAFKA_BOOTSTRAP=h:1",
			       "UNBOOK_STRIPE_KEY_FILE=/etc/hostname", NULL};

	for (int allowed = 1; allowed < 10; allowed++) {
		struct table_settings settings = {0};
		char text[2000] = "";
		FILE *errors = fmemopen(text, sizeof(text), "w");
		int mistakes;

		setvbuf(errors, NULL, _IONBF, 0);
		allocations_left = allowed;
		mistakes = conf_load(table_rows, TABLE_ROWS, &settings, environment, errors);
		allocations_left = -1;
		fclose(errors);
		cr_assert(mistakes == 0 || strstr(text, "out of memory"), "%d: %s", allowed, text);
		conf_release(table_rows, TABLE_ROWS, &settings);
	}
}
