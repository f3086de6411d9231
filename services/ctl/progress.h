/* progress.h: how far a long command has come. A bar on stderr while that is a terminal, nothing in a pipe or a file, so that logs and
 * scripts see the command's own words alone. One at a time. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_LINE_BYTES 160

struct progress {
	const char *what; /* "checking lines"; borrowed */
	int64_t total;    /* of what `done` counts; 0: nobody knows */
	int64_t done;
	int64_t started_ms, drawn_ms; /* monotonic; drawn_ms 0: not on the screen */
	bool on_terminal;
};

/* Draws nothing yet, so that short work stays quiet. */
void progress_start(struct progress *progress, const char *what, int64_t total);

/* done so far. Cheap enough for every row: the bar is redrawn ten times a second at most. */
void progress_move(struct progress *progress, int64_t done);

/* Take the bar off the screen: before something else is said there, and at the end. A later move draws it again. */
void progress_clear(struct progress *progress);

/* The line of a terminal so many columns wide, after elapsed_ms; no longer than the terminal or PROGRESS_LINE_BYTES. Pure. */
void progress_line(const struct progress *progress, int columns, int64_t elapsed_ms,
		   char ret_line[PROGRESS_LINE_BYTES]);

#endif
