/* ctl_db.h: what the subcommands that look into a running system's database share. */
#ifndef CTL_DB_H
#define CTL_DB_H

#include <stdint.h>

#include "conf.h"
#include "pg.h"

/* The database's row of a table of settings. */
#define CTL_PG_ROW(holder, member)                                                              \
	{                                                                                       \
		.name = "UNBOOK_PG_URL", .type = CONF_URL, .offset = offsetof(holder, member),  \
		.help = "PostgreSQL, as the services use it", .choices = "postgresql postgres", \
		.secret = true,                                                                 \
	}

/* Connect to UNBOOK_PG_URL and run the work; whatever was wrong is said on stderr. Returns the exit code: that of the work, or 70, 78.
 * work  returns an error, or ERR_OK with *ret_code. */
struct ctl_work {
	const char *name; /* "unbookctl show" */
	int64_t call_ms;  /* 0: pg.h's */
	enum err_kind (*run)(struct pg *db, void *context, int *ret_code, struct err *err);
	void *context;
};
int ctl_with_db(const struct ctl_work *work);

/* Text out of the database for a terminal: what could steer the terminal becomes '?'. NULL prints "-". */
void ctl_put_text(const char *text);

/* RFC 3339 without the fraction, or "-". */
void ctl_put_instant(struct instant at);

#endif
