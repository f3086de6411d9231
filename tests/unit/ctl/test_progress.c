/* test_progress.c: the line of a bar, at every width. */
#include <criterion/criterion.h>
#include <string.h>

#include "progress.h"

static const char *line(int64_t done, int64_t total, int columns, int64_t elapsed_ms)
{
	static char text[PROGRESS_LINE_BYTES];
	struct progress progress = {.what = "checking", .total = total, .done = done};

	progress_line(&progress, columns, elapsed_ms, text);
	return text;
}

Test(progress, half_of_the_work_fills_half_of_the_bar_and_takes_as_long_again)
{
	cr_expect_str_eq(line(50, 100, 49, 62000), "checking: [##########..........]  50 %, 1:02 left");
	cr_expect_str_eq(line(0, 100, 30, 1000), "checking: [............]   0 %");
	cr_expect_str_eq(line(100, 100, 30, 1000), "checking: [############] 100 %");
	cr_expect_str_eq(line(101, 100, 30, 1000), "checking: [############] 100 %");
}

Test(progress, without_a_total_it_counts)
{
	cr_expect_str_eq(line(421000, 0, 80, 9000), "checking: 421000");
}

Test(progress, never_leaves_its_line_and_is_whole_where_there_is_room)
{
	for (int columns = -1; columns < 200; columns++) {
		for (int64_t done = 0; done <= 100; done += 10) {
			const char *text = line(done, 100, columns, 5000);

			if (columns > 0)
				cr_expect_leq(strlen(text), columns, "%d columns: %s", columns, text);
			if (columns > 40)
				cr_expect(strchr(text, '[') && strchr(text, ']') && strchr(text, '%'),
					  "%d columns: %s", columns, text);
		}
	}
}

Test(progress, the_largest_numbers_fit)
{
	cr_expect_str_eq(line(1, INT64_MAX, 80, 0),
			 "checking: [........................................]   0 %, 0:00 left");
	cr_expect_str_eq(line(INT64_MAX, 0, 80, 0), "checking: 9223372036854775807");
	cr_expect_eq(strlen(line(1, INT64_MAX, 120, 10000000)) < 120, true);
}
