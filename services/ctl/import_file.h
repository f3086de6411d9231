/* import_file.h: an import file, line by line, with bounded memory. */
#ifndef IMPORT_FILE_H
#define IMPORT_FILE_H

#include <stdio.h>

#include "import_json.h"
#include "progress.h"

struct import_file {
	FILE *stream;
	const char *path;
	int64_t size_bytes; /* 0: not known (a pipe) */
	int64_t taken_bytes;
	int64_t number; /* of the line, counted from 1 */
	size_t len;     /* of the line; more than IMPORT_LINE_BYTES_MAX: it is cut */
	char bytes[IMPORT_LINE_BYTES_MAX + 2];
	struct progress progress;
};

/* what: for the bar. Errors ERR_REJECT no_file. */
enum err_kind import_file_open(const char *path, const char *what, struct import_file *ret_file,
			       struct err *err) MUST_CHECK;
/* Also of one that was not opened; takes the bar off the screen. */
void import_file_close(struct import_file *file);

/* The next line that is not blank, without its end; the mark that some editors put at a file's start is left out. *ret_more false: there
 * is none. Errors ERR_RETRY file_read. */
enum err_kind import_file_next(struct import_file *file, bool *ret_more, struct err *err) MUST_CHECK;

#endif
