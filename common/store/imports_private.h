/* imports_private.h: what the files of the import share */
#ifndef IMPORTS_PRIVATE_H
#define IMPORTS_PRIVATE_H

#include "imports.h"

/* So many lines go into one statement of a step that goes by them. */
#define IMPORTS_LINES_AT_ONCE 20000

/* One step of the second half. */
struct imports_step {
	enum {
		STEP_RUN,    /* an error, or done */
		STEP_FAULTS, /* each row that it inserts is a fault */
		STEP_WRITE,  /* like STEP_RUN, left out when there are faults */
		STEP_LINES, /* like STEP_WRITE, for the lines from $1 to $2, again and again until the last */
	} kind;
	bool names_actor; /* $1, behind the lines of STEP_LINES */
	struct pg_stmt stmt;
};

/* imports_check.c, imports_write.c: in the order of these calls. */
extern const struct imports_step imports_people_steps[];
extern const int imports_people_count;
extern const struct imports_step imports_booking_steps[];
extern const int imports_booking_count;
extern const struct imports_step imports_write_steps[];
extern const int imports_write_count;

/* Send what waits in the bufs. */
enum err_kind imports_flush(struct imports *imports, struct err *err) MUST_CHECK;

#endif
