#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "str.h"

#define DRAW_MS         100
#define QUIET_MS        500    /* what is over sooner needs no bar */
#define LEFT_S_MAX      360000 /* a guess of days is none */
#define BAR_CELLS_MAX   40
#define BAR_CELLS_MIN   8
#define COLUMNS_WITHOUT 80 /* a terminal that does not say how wide it is */

void progress_start(struct progress *progress, const char *what, int64_t total)
{
	const char *kind = getenv("TERM");

	*progress = (struct progress){.what = what,
				      .total = total,
				      .started_ms = deadline_in_ms(0),
				      .on_terminal = isatty(STDERR_FILENO) && !str_eq(kind, "dumb")};
}

/* What is left at the speed so far: "0:42". */
static void left_of(const struct progress *progress, int64_t elapsed_ms, char *ret_text, size_t cap)
{
	double left_s;

	ret_text[0] = '\0';
	if (progress->done <= 0 || progress->done >= progress->total)
		return;
	left_s = (double)elapsed_ms / 1000 * ((double)progress->total / (double)progress->done - 1);
	if (left_s < LEFT_S_MAX)
		snprintf(ret_text, cap, ", %d:%02d left", (int)left_s / 60, (int)left_s % 60);
}

static int percent_of(const struct progress *progress)
{
	if (progress->done >= progress->total)
		return 100;
	return progress->done > 0 ? (int)((double)progress->done / (double)progress->total * 100) : 0;
}

void progress_line(const struct progress *progress, int columns, int64_t elapsed_ms,
		   char ret_line[PROGRESS_LINE_BYTES])
{
	char tail[64], left[40], bar[BAR_CELLS_MAX + 4] = "";
	int percent, cells, room;

	if (columns < 1 || columns >= PROGRESS_LINE_BYTES)
		columns = PROGRESS_LINE_BYTES - 1;
	if (!progress->total) {
		snprintf(ret_line, (size_t)columns + 1, "%s: %" PRId64, progress->what, progress->done);
		return;
	}
	percent = percent_of(progress);
	left_of(progress, elapsed_ms, left, sizeof(left));
	snprintf(tail, sizeof(tail), "%3d %%%s", percent, left);
	room = columns - (int)strlen(progress->what) - (int)strlen(tail) - (int)strlen(": [] ");
	cells = room > BAR_CELLS_MAX ? BAR_CELLS_MAX : room;
	if (cells >= BAR_CELLS_MIN) {
		bar[0] = '[';
		memset(bar + 1, '.', (size_t)cells);
		memset(bar + 1, '#', (size_t)(cells * percent / 100));
		memcpy(bar + 1 + cells, "] ", sizeof("] "));
	}
	snprintf(ret_line, (size_t)columns + 1, "%s: %s%s", progress->what, bar, tail);
}

static int terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 2)
		return COLUMNS_WITHOUT;
	return size.ws_col - 1; /* a full last column wraps on some */
}

void progress_move(struct progress *progress, int64_t done)
{
	char line[PROGRESS_LINE_BYTES];
	int64_t now_ms;

	progress->done = done;
	if (!progress->on_terminal)
		return;
	now_ms = deadline_in_ms(0);
	if (now_ms - progress->started_ms < QUIET_MS || now_ms - progress->drawn_ms < DRAW_MS)
		return;
	progress->drawn_ms = now_ms;
	progress_line(progress, terminal_columns(), now_ms - progress->started_ms, line);
	fprintf(stderr, "\r%s\033[K", line); /* to the line's end: the one before may have been longer */
	fflush(stderr);
}

void progress_clear(struct progress *progress)
{
	if (!progress->drawn_ms)
		return;
	progress->drawn_ms = 0;
	fputs("\r\033[K", stderr);
	fflush(stderr);
}
