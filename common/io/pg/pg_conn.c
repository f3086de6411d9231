/* pg_conn.c: connect, set the session up, close, run a script */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pg_private.h"
#include "str.h"

#define CONNECT_MS 5000
#define CALL_MS    10000
#define IDLE_TX_MS 15000

enum err_kind pg_check_url(const char *url, struct err *err)
{
	char *why = NULL;
	PQconninfoOption *parsed = url && url[0] ? PQconninfoParse(url, &why) : NULL;
	bool good = parsed;

	for (PQconninfoOption *option = parsed; good && option->keyword; option++)
		if (str_eq(option->keyword, "port")
		    && option->val) /* libpq would find out when it connects */
			good = strspn(option->val, "0123456789,") == strlen(option->val);
	PQconninfoFree(parsed);
	PQfreemem(why); /* not shown: it may quote the password */
	if (!good)
		return err_set(err, ERR_FATAL, "pg_config", "the database url is not valid");
	return ERR_OK;
}

/* libpq prints notices on stderr by itself; here only a farewell counts. */
static void on_notice(void *context, const PGresult *notice)
{
	struct pg *pg = context;
	const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

	if (severity && (str_eq(severity, "FATAL") || str_eq(severity, "PANIC")))
		pg->broken = true;
}

/* libpq gives no SQLSTATE of a refused connection, except as the text of the terse message asked for below. */
static enum err_kind connect_failed(struct pg *pg, struct err *err)
{
	static const char *const configuration[] = {"28P01", "28000", "3D000", "42501"};
	const char *said = PQerrorMessage(pg->conn);

	for (size_t i = 0; i < sizeof(configuration) / sizeof(configuration[0]); i++)
		if (strstr(said, configuration[i]))
			return err_set(err, ERR_FATAL, "pg_config",
				       "the database refuses the login: SQLSTATE %s", configuration[i]);
	if (PQconnectionNeedsPassword(pg->conn))
		return err_set(err, ERR_FATAL, "pg_config",
			       "the database wants a password and the url has none");
	return err_set(err, ERR_RETRY, "pg_unavailable", "connect: %.*s", (int)strcspn(said, "\n"), said);
}

static enum err_kind connect_until(struct pg *pg, int64_t deadline_ms, struct err *err)
{
	PostgresPollingStatusType next =
		PGRES_POLLING_WRITING; /* as the manual has it: as if it had said so */

	if (PQstatus(pg->conn) == CONNECTION_BAD)
		return connect_failed(pg, err);
	PQsetErrorVerbosity(pg->conn, PQERRORS_SQLSTATE);
	PQsetNoticeReceiver(pg->conn, on_notice, pg);
	while (next != PGRES_POLLING_OK) {
		if (next == PGRES_POLLING_FAILED)
			return connect_failed(pg, err);
		if (!pg_wait(pg, next == PGRES_POLLING_WRITING, deadline_ms))
			return err_set(err, ERR_RETRY, "pg_unavailable", "connect: no answer in time");
		next = PQconnectPoll(pg->conn);
	}
	PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
	return ERR_OK;
}

enum err_kind pg_simple(struct pg *pg, const char *sql, int64_t deadline_ms, struct err *err)
{
	enum err_kind kind = ERR_OK;
	PGresult *answer;

	if (!PQsendQuery(pg->conn, sql)) {
		pg->broken = true;
		return err_set(err, ERR_RETRY, "pg_unavailable", "line lost");
	}
	for (;;) {
		if (!pg_wait_answer(pg, deadline_ms))
			return err_set(err, ERR_UNSURE, "pg_unsure", "line lost while a script ran");
		answer = PQgetResult(pg->conn);
		if (!answer)
			break;
		if (PQresultStatus(answer) == PGRES_FATAL_ERROR && !kind) {
			pg->broken = pg->broken || pg_answer_ends_line(answer);
			kind = pg_classify(answer, "script", err);
		}
		PQclear(answer);
	}
	if (PQstatus(pg->conn) == CONNECTION_BAD)
		pg->broken = true;
	if (pg->broken)
		return err_set(err, ERR_UNSURE, "pg_unsure", "line lost while a script ran");
	return kind;
}

/* The server gives up a little before its client does. */
static enum err_kind limit_statements(struct pg *pg, int64_t call_ms, int64_t deadline_ms, struct err *err)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SET statement_timeout = %" PRId64 "; SET lock_timeout = %" PRId64,
		 call_ms - call_ms / 10, call_ms / 2);
	return pg_simple(pg, sql, deadline_ms, err);
}

static enum err_kind set_session_up(struct pg *pg, bool may_forget, int64_t deadline_ms, struct err *err)
{
	struct err why = {0};
	char sql[320];

	if (PQsetnonblocking(pg->conn, 1))
		return err_set(err, ERR_RETRY, "pg_unavailable", "connect: line lost");
	snprintf(sql, sizeof(sql),
		 "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET bytea_output = 'hex';"
		 "SET default_transaction_isolation = 'read committed';"
		 "SET idle_in_transaction_session_timeout = %d;"
		 "%s",
		 IDLE_TX_MS, may_forget ? "SET synchronous_commit = off" : "");
	/* Nothing to be unsure of: the session is not used yet. */
	if (pg_simple(pg, sql, deadline_ms, &why) || limit_statements(pg, pg->call_ms, deadline_ms, &why))
		return err_set(err, ERR_RETRY, "pg_unavailable", "connect: %s", why.msg);
	if (!PQenterPipelineMode(pg->conn))
		return err_set(err, ERR_RETRY, "pg_unavailable", "connect: no pipeline mode");
	return ERR_OK;
}

enum err_kind pg_open(const struct pg_options *options, struct pg **ret_pg, struct err *err)
{
	/* What stands before dbname may be overridden by the url, what stands behind it may not. */
	const char *names[] = {"application_name",
			       "keepalives_idle",
			       "keepalives_interval",
			       "keepalives_count",
			       "dbname",
			       "client_encoding",
			       NULL};
	const char *values[] = {options->application, "30", "5", "3", options->url, "UTF8", NULL};
	int64_t deadline_ms = deadline_in_ms(options->connect_ms ? options->connect_ms : CONNECT_MS);
	struct err why = {0};
	struct pg *pg;

	if (pg_check_url(options->url, err))
		return ERR_FATAL;
	pg = calloc(1, sizeof(*pg));
	if (!pg)
		return err_set(err, ERR_RETRY, "pg_unavailable", "out of memory");
	pg->call_ms = options->call_ms ? options->call_ms : CALL_MS;
	pg->conn = PQconnectStartParams(names, values, 1);
	if (!pg->conn)
		err_set(&why, ERR_RETRY, "pg_unavailable", "out of memory");
	else if (!connect_until(pg, deadline_ms, &why)
		 && !set_session_up(pg, options->may_forget, deadline_ms, &why)) {
		*ret_pg = pg;
		return ERR_OK;
	}
	pg_close(pg);
	return err_set(err, why.kind, why.code, "%s", why.msg);
}

void pg_close(struct pg *pg)
{
	if (!pg)
		return;
	PQfinish(pg->conn);
	free(pg->prepared);
	free(pg);
}

bool pg_is_broken(const struct pg *pg)
{
	return pg->broken;
}

enum err_kind pg_script(struct pg *pg, const char *sql, int64_t timeout_ms, struct err *err)
{
	int64_t deadline_ms = deadline_in_ms(timeout_ms);
	bool was_in_tx = pg->in_tx;
	enum err_kind kind;

	pg->queue_count = 0;
	if (pg->broken || !pg_line_is_alive(pg) || !PQexitPipelineMode(pg->conn)) {
		pg->broken = true;
		return err_set(err, ERR_RETRY, "pg_unavailable", "line lost");
	}
	kind = limit_statements(pg, timeout_ms, deadline_ms, err);
	if (!kind)
		kind = pg_simple(pg, sql, deadline_ms, err);
	if (!pg->broken && !was_in_tx && PQtransactionStatus(pg->conn) != PQTRANS_IDLE
	    && pg_simple(pg, "ROLLBACK", deadline_in_ms(pg->call_ms), NULL))
		pg->broken = true;
	/* Inside a failed transaction this cannot be set, and its rollback sets it back. */
	if (!pg->broken && PQtransactionStatus(pg->conn) != PQTRANS_INERROR
	    && limit_statements(pg, pg->call_ms, deadline_in_ms(pg->call_ms), NULL))
		pg->broken = true;
	pg->in_tx = PQtransactionStatus(pg->conn) != PQTRANS_IDLE;
	if (!pg->broken && !PQenterPipelineMode(pg->conn))
		pg->broken = true;
	return kind;
}
