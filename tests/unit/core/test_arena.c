#include <criterion/criterion.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "arena.h"

Test(arena, gives_zeroed_aligned_memory_of_every_size)
{
	struct arena arena;

	arena_init(&arena, 1 << 20);
	for (size_t size = 0; size < 600; size++) {
		unsigned char *bytes = arena_alloc(&arena, size);

		cr_assert_not_null(bytes);
		cr_assert_eq((uintptr_t)bytes % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			cr_assert_eq(bytes[i], 0);
		memset(bytes, 0xff, size);
	}
	arena_release(&arena);
}

Test(arena, serves_more_than_a_block_at_once)
{
	struct arena arena;
	char *big;

	arena_init(&arena, 1 << 20);
	big = arena_alloc(&arena, 100000);
	cr_assert_not_null(big);
	memset(big, 1, 100000);
	cr_assert_not_null(arena_alloc(&arena, 10));
	arena_release(&arena);
}

Test(arena, never_passes_its_maximum)
{
	struct arena arena;
	size_t taken = 0;

	arena_init(&arena, 1000);
	cr_assert_null(arena_alloc(&arena, 1001));
	cr_assert_null(arena_alloc(&arena, SIZE_MAX));
	cr_assert_null(arena_alloc(&arena, SIZE_MAX - 8));
	while (arena_alloc(&arena, 16))
		taken += 16;
	cr_assert_eq(taken, 992);
	cr_assert_leq(arena.used_bytes, arena.max_bytes);
	cr_assert_null(arena_alloc(&arena, 0));
	arena_release(&arena);
}

Test(arena, an_unbounded_one_still_refuses_what_cannot_be)
{
	struct arena arena;

	arena_init(&arena, SIZE_MAX);
	cr_assert_null(arena_alloc(&arena, SIZE_MAX));
	cr_assert_null(arena_alloc(&arena, SIZE_MAX - 15));
	arena_release(&arena);
}

Test(arena, reset_makes_room_for_the_whole_maximum_again)
{
	struct arena arena;

	arena_init(&arena, 64);
	cr_assert_not_null(arena_alloc(&arena, 64));
	cr_assert_null(arena_alloc(&arena, 1));
	arena_reset(&arena);
	cr_assert_not_null(arena_alloc(&arena, 64));
	arena_release(&arena);
	arena_release(&arena);
}

Test(arena, copies_text)
{
	struct arena arena;

	arena_init(&arena, 4096);
	cr_assert_str_eq(arena_strdup(&arena, "refund"), "refund");
	cr_assert_str_eq(arena_strdup(&arena, ""), "");
	cr_assert_str_eq(arena_strndup(&arena, "refund", 3), "ref");
	cr_assert_str_eq(arena_strndup(&arena, "re\0fund", 7), "re");
	cr_assert_str_eq(arena_strndup(&arena, "abc", 0), "");
	cr_assert_null(arena_strdup(&arena, NULL));
	cr_assert_null(arena_strndup(&arena, NULL, 3));
	cr_assert_str_eq(arena_printf(&arena, "%s:%d", "a", 5), "a:5");
	arena_release(&arena);
}

Test(arena, text_that_does_not_fit_is_null)
{
	struct arena arena;

	arena_init(&arena, 16);
	cr_assert_null(arena_printf(&arena, "%032d", 1));
	cr_assert_null(arena_strdup(&arena, "0123456789abcdef"));
	cr_assert_str_eq(arena_strdup(&arena, "0123456789abcde"), "0123456789abcde");
	arena_release(&arena);
}
