/* database.h: a database of its own for each test, on the server of UNBOOK_TEST_PG_URL. */
#ifndef DATABASE_H
#define DATABASE_H

#include "pg.h"

extern char database_url[512];

/* For .init and .fini of a suite. */
void database_make(void);
void database_drop(void);

/* Connections to it. call_ms 0: the default. */
struct pg *database_open(int64_t call_ms);
/* Through another address, for the tap. */
struct pg *database_open_at(const char *url, int64_t call_ms);

void database_script(struct pg *pg, const char *sql);
/* One number from a statement of its own connection. */
int64_t database_count(const char *sql);

/* As cr_assert, but shows what the adapter said. */
#define ASSERT_OK(call, err) cr_assert_eq((call), ERR_OK, "%s: %s", (err).code, (err).msg)
#define ASSERT_ERR(call, wanted_kind, wanted_code, err)                                        \
	do {                                                                                   \
		enum err_kind kind_ = (call);                                                  \
		cr_assert_eq(kind_, (wanted_kind), "%d %s: %s", kind_, (err).code, (err).msg); \
		cr_assert_str_eq((err).code, (wanted_code));                                   \
	} while (0)

#endif
