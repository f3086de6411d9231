/* pg.h: PostgreSQL over libpq, with deadlines of our own (libpq has none: pitfalls, a silent socket held PQexec for ever) and in
 * pipeline mode, so that a transaction costs two round trips. A struct pg belongs to one thread at a time. */
#ifndef PG_H
#define PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "clock.h"
#include "err.h"

struct pg;

struct pg_options {
	const char *url;         /* postgresql://... ; borrowed while connections are open */
	const char *application; /* application_name */
	int64_t connect_ms;      /* 0: 5000 */
	int64_t call_ms; /* deadline of one pg_run; 0: 10000. statement_timeout is set a little below, lock_timeout to half,
				  * idle_in_transaction_session_timeout to 15000 */
	bool may_forget; /* synchronous_commit off: a commit does not wait for the disk, and a crash of PostgreSQL may undo the last ones */
};

/* Connect, blocking at most connect_ms. TimeZone UTC, READ COMMITTED, client_encoding UTF8.
 * Errors ERR_RETRY pg_unavailable; ERR_FATAL pg_config (bad url, wrong password, database missing). */
enum err_kind pg_open(const struct pg_options *options, struct pg **ret_pg, struct err *err) MUST_CHECK;
void pg_close(struct pg *pg);

/* The connection cannot be used any more; close it. */
bool pg_is_broken(const struct pg *pg);

/* A statement, with static storage: prepared under its name on first use of each connection. */
struct pg_stmt {
	const char *name;
	const char *sql;
	bool reads_only; /* repeating it is harmless, so a lost answer is ERR_RETRY and not ERR_UNSURE */
};

#define PG_ARGS_MAX 32

/* Parameters in text format. Texts are borrowed until pg_run returns. */
struct pg_args {
	int count;
	const char *values[PG_ARGS_MAX];
	int lengths[PG_ARGS_MAX]; /* used for bytes only */
	int formats[PG_ARGS_MAX]; /* 0 text, 1 binary */
	char scratch[PG_ARGS_MAX][32];
};

void pg_arg_text(struct pg_args *args, const char *text); /* NULL is SQL NULL */
void pg_arg_int(struct pg_args *args, int64_t value);
void pg_arg_id(struct pg_args *args, int64_t id);             /* 0 is SQL NULL */
void pg_arg_instant(struct pg_args *args, struct instant at); /* INSTANT_NONE is SQL NULL */
void pg_arg_bytes(struct pg_args *args, const void *bytes, size_t len);

/* Queue a statement for the next pg_run; args are copied where they must be, texts stay borrowed. args may be NULL.
 * At most PG_QUEUE_MAX statements. Does not block. */
#define PG_QUEUE_MAX 24
enum err_kind pg_queue(struct pg *pg, const struct pg_stmt *stmt, const struct pg_args *args,
		       struct err *err) MUST_CHECK;
/* Transaction statements, queued the same way and counted among the results. */
enum err_kind pg_queue_begin(struct pg *pg, struct err *err) MUST_CHECK;
enum err_kind pg_queue_commit(struct pg *pg, struct err *err) MUST_CHECK;

/* The answers of one pg_run, in the order of queueing. Release with pg_results_release, also after an error. */
struct pg_results {
	int count;
	void *answers[PG_QUEUE_MAX]; /* PGresult */
};
#define PG_RESULTS_NONE ((struct pg_results){0})

/* Send everything queued with one sync and wait for all answers, at most call_ms.
 * On error nothing of the batch after the failing statement ran; inside a transaction it must be rolled back; outside one, the batch is
 * one implicit transaction and is already rolled back. Errors:
 *   ERR_RETRY  pg_unavailable (nothing was committed), pg_conflict (40001, 40P01, 55P03), pg_timeout (57014)
 *   ERR_REJECT pg_unique (23505), pg_exclusion (23P01), pg_check (other 23xxx), pg_sql (anything else: our bug); msg names the constraint
 *   ERR_UNSURE pg_unsure: the line was lost while a commit may have happened; re-read before repeating. */
enum err_kind pg_run(struct pg *pg, struct pg_results *ret_results, struct err *err) MUST_CHECK;
void pg_results_release(struct pg_results *results);

/* Queue and run one statement by itself. */
enum err_kind pg_one(struct pg *pg, const struct pg_stmt *stmt, const struct pg_args *args,
		     struct pg_results *ret_results, struct err *err) MUST_CHECK;

/* Send ROLLBACK if a transaction is open; also forgets what is queued. Safe to call always, never fails (a broken line rolls back by itself).
 * The scope cleanup of every transaction. */
void pg_rollback(struct pg *pg);
#define PG_TX_SCOPE __attribute__((cleanup(pg_tx_leave)))
/* Use:  PG_TX_SCOPE struct pg *tx = db;  rolls back what was not committed when tx leaves its scope. */
void pg_tx_leave(struct pg **tx);
#define PG_RESULTS_SCOPE __attribute__((cleanup(pg_results_release)))

/* Reading answers; index is the place in the queue. Columns by number. */
int pg_rows(const struct pg_results *results, int index);
int pg_affected(const struct pg_results *results, int index); /* rows an INSERT/UPDATE/DELETE touched */
bool pg_is_null(const struct pg_results *results, int index, int row, int column);
/* Borrowed until pg_results_release; "" for SQL NULL. pg_text_dup gives NULL for SQL NULL, in the arena. */
const char *pg_text(const struct pg_results *results, int index, int row, int column);
char *pg_text_dup(const struct pg_results *results, int index, int row, int column, struct arena *arena);
int64_t pg_int(const struct pg_results *results, int index, int row, int column); /* 0 for SQL NULL */
bool pg_bool(const struct pg_results *results, int index, int row, int column);
struct instant pg_instant(const struct pg_results *results, int index, int row,
			  int column); /* INSTANT_NONE for SQL NULL */
/* bytea, decoded into the arena. */
enum err_kind pg_bytes(const struct pg_results *results, int index, int row, int column, struct arena *arena,
		       const void **ret_bytes, size_t *ret_len, struct err *err) MUST_CHECK;

/* Run a whole script (migrations) with the simple protocol, at most timeout_ms. */
enum err_kind pg_script(struct pg *pg, const char *sql, int64_t timeout_ms, struct err *err) MUST_CHECK;

/* A fixed number of connections, opened when first needed, reopened when broken. Thread-safe. */
struct pg_pool;
enum err_kind pg_pool_open(const struct pg_options *options, int size, struct pg_pool **ret_pool,
			   struct err *err) MUST_CHECK;
/* Waits at most wait_ms for a free connection, then connects if it must. Errors ERR_RETRY pg_busy, or those of pg_open. */
enum err_kind pg_pool_take(struct pg_pool *pool, int64_t wait_ms, struct pg **ret_pg,
			   struct err *err) MUST_CHECK;
/* Rolls back what is open. NULL is fine. */
void pg_pool_give(struct pg_pool *pool, struct pg *pg);
void pg_pool_close(struct pg_pool *pool);

#endif
