/* orphans.h: bookings that were left Pending and unpaid: the bug report's queries of orphaned sessions. Only reads. */
#ifndef ORPHANS_H
#define ORPHANS_H

#include "booking.h"
#include "pg.h"

#define ORPHANS_PAGE_MAX 500

/* Status 0, no paid_at, made before some time: newest first, as the report orders them. */
struct orphans_query {
	int64_t older_than_s;
	struct instant after_at; /* the last one of the page before; INSTANT_NONE: the first page */
	int64_t after_id;
};

struct orphans_page {
	int count;
	struct booking *bookings; /* in the arena; less than ORPHANS_PAGE_MAX: the last page */
	struct instant now;       /* the database's */
};
enum err_kind orphans_list(struct pg *db, const struct orphans_query *query, struct arena *arena,
			   struct orphans_page *ret_page, struct err *err) MUST_CHECK;

/* How many there are. */
enum err_kind orphans_count(struct pg *db, int64_t older_than_s, int64_t *ret_count,
			    struct err *err) MUST_CHECK;

#endif
