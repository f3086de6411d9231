/* pg_private.h: what the files of this adapter share. */
#ifndef PG_PRIVATE_H
#define PG_PRIVATE_H

#include <libpq-fe.h>

#include "pg.h"

enum pg_step { PG_STEP_STATEMENT, PG_STEP_BEGIN, PG_STEP_COMMIT, PG_STEP_ROLLBACK };

struct pg_queued {
	enum pg_step step;
	const struct pg_stmt *stmt;
	struct pg_args args;
};

struct pg {
	PGconn *conn; /* in pipeline mode, except inside pg_open and pg_script */
	int64_t call_ms;
	bool broken;
	bool in_tx;                      /* BEGIN was answered and neither COMMIT nor ROLLBACK was */
	const struct pg_stmt **prepared; /* that the server has under their names */
	size_t prepared_count;
	size_t prepared_cap;
	int queue_count;
	struct pg_queued queue[PG_QUEUE_MAX];
};

/* Queue BEGIN, COMMIT or ROLLBACK. */
enum err_kind pg_queue_step(struct pg *pg, enum pg_step step, struct err *err) MUST_CHECK;

/* Wait until the socket can be read (or written, when want_write), not past deadline_ms. False: the deadline. */
bool pg_wait(const struct pg *pg, bool want_write, int64_t deadline_ms);

/* Send what is buffered, reading all the while, until an answer can be taken without blocking.
 * False: the line is lost or the deadline passed; the connection is broken then. */
bool pg_wait_answer(struct pg *pg, int64_t deadline_ms);

/* Take what arrived unasked. False: the server has closed the line or said that it will; broken then. */
bool pg_line_is_alive(struct pg *pg);

/* The simple protocol, outside pipeline mode; the first failure counts, all answers are awaited. */
enum err_kind pg_simple(struct pg *pg, const char *sql, int64_t deadline_ms, struct err *err) MUST_CHECK;

/* What a failed answer means. what names the statement. */
enum err_kind pg_classify(const PGresult *answer, const char *what, struct err *err);
/* The answer says that this connection is over, or no SQLSTATE came because the line is. */
bool pg_answer_ends_line(const PGresult *answer);
/* The server will not do better on this connection (plan outdated, statement gone, standby): take another one. */
bool pg_answer_spoils_line(const PGresult *answer);

enum err_kind pg_check_url(const char *url, struct err *err) MUST_CHECK;

#endif
