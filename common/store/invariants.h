/* invariants.h: I1 to I6 of the design, asked of the tables of a live database. What is still on its way (a refund being sent, a mail that
 * waits) is no violation. Only reads. */
#ifndef INVARIANTS_H
#define INVARIANTS_H

#include "pg.h"

#define INVARIANTS_LINES_MAX 1000

struct invariants_found {
	int count;
	const char **lines; /* in the arena: "I4 bookings 7 and 9 of teacher 3 overlap" */
	bool more;          /* one of the questions had more than INVARIANTS_LINES_MAX answers */
	int64_t bookings, payments;
	int64_t waiting; /* refunds that failed or need attention, and that nobody has settled: no violation, yet work */
};

/* One snapshot in one read-only transaction. teacher_notice_s: as the API's setting, -1: none. Reads whole tables: give the
 * connection a long deadline. Errors those of pg_run; ERR_RETRY no_memory. */
enum err_kind invariants_check(struct pg *db, int64_t teacher_notice_s, struct arena *arena,
			       struct invariants_found *ret_found, struct err *err) MUST_CHECK;

#endif
