/* school.h: people and bookings in the migrated database of UNBOOK_TEST_PG_URL, fresh ids for each test. */
#ifndef SCHOOL_H
#define SCHOOL_H

#include "bookings.h"
#include "database.h"

struct school {
	struct pg *pg;
	struct arena arena;
	int64_t parent, student, teacher, stranger;
};
extern struct school school;

/* For .init and .fini. */
void school_open(void);
void school_close(void);

/* A new connection to the same database. */
struct pg *school_connect(int64_t call_ms);

/* One value of one row. */
int64_t school_int(const char *sql);
#define SCHOOL_SQL(...) school_run(school_text(__VA_ARGS__))
char *school_text(const char *fmt, ...) PRINTF_LIKE(1, 2);
void school_run(const char *sql);

/* A Confirmed and paid booking of an hour that starts after this interval ("3 days"). */
int64_t school_booking(const char *starts_in);

/* As the parent of everything. */
struct bookings_reader school_parent(void);

#endif
