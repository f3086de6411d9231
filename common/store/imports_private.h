/* imports_private.h: what the files of the import share */
#ifndef IMPORTS_PRIVATE_H
#define IMPORTS_PRIVATE_H

#include "imports.h"

/* One step of the second half. */
struct imports_step {
	enum {
		STEP_RUN,    /* an error, or done */
		STEP_FAULTS, /* each row that it inserts is a fault */
		STEP_WRITE,  /* like STEP_RUN, left out when there are faults */
	} kind;
	struct pg_stmt stmt; /* $1, when it has one, is the actor */
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
