/* new_file.h: a file that stands under its name once it is whole, and never before. */
#ifndef NEW_FILE_H
#define NEW_FILE_H

#include <stdio.h>

#include "err.h"

#define NEW_FILE_NAME_BYTES 4096

struct new_file {
	FILE *stream;                        /* NULL: not open */
	const char *path;                    /* borrowed */
	char temporary[NEW_FILE_NAME_BYTES]; /* beside path, as two file systems share no file */
};

/* Errors ERR_REJECT file_write, also when path is there. */
enum err_kind new_file_open(const char *path, struct new_file *ret_file, struct err *err) MUST_CHECK;
/* What was written goes to the disk and gets its name; what meanwhile stands there is left as it is: ERR_REJECT file_write. */
enum err_kind new_file_keep(struct new_file *file, struct err *err) MUST_CHECK;
/* Also of one that was not opened. What was not kept is gone. */
void new_file_close(struct new_file *file);

#endif
