/* pages.h: the pages of services/api/web, packed into the program by cmake/pages.py. What is not in the table cannot be asked for. */
#ifndef PAGES_H
#define PAGES_H

#include <stddef.h>

struct page_file {
	const char *name; /* "app.js" */
	const char *content_type;
	const char *etag; /* with its quotes; changes with the bytes */
	const unsigned char *bytes;
	size_t len;
};
extern const struct page_file page_files[];
extern const size_t page_file_count;
extern const char page_version[]; /* of all files together: the {version} of their address */

#endif
