/* forwarded.h: who asked, when a proxy of ours stands between. Each proxy appends the address that it saw to the right, so only what stands
 * right of the first address that is not ours was written by somebody we trust. Source: RFC 7239 sections 4 to 6. Pure. */
#ifndef FORWARDED_H
#define FORWARDED_H

#include "address.h"

#define FORWARDED_LINES_MAX 8

/* One of them is read: the one that the proxies write. The other may have come from the client untouched. */
enum forwarded_style {
	FORWARDED_X,        /* X-Forwarded-For: 192.0.2.7, 10.0.0.1 */
	FORWARDED_STANDARD, /* Forwarded: for=192.0.2.7;proto=https, for="[2001:db8::7]:4711" */
};
const char *forwarded_header(enum forwarded_style style);

/* The lines of that header, first one first; not NUL-terminated, borrowed. */
struct forwarded_lines {
	int count; /* those beyond FORWARDED_LINES_MAX are counted, not kept */
	struct {
		const char *text;
		size_t len;
	} list[FORWARDED_LINES_MAX];
};
void forwarded_add(struct forwarded_lines *lines, const char *text, size_t len);

/* The rightmost address that is not trusted; peer itself when it is not. What does not read ends the search: then the last proxy that did
 * is the one that asked. The same when there are too many lines, or more than 16 trusted addresses in a row. */
struct address forwarded_client(const struct forwarded_lines *lines, enum forwarded_style style,
				const struct address *peer, const struct address_ranges *trusted);

#endif
