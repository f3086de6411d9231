/* pg_classify.c: what the server's SQLSTATE means for the caller */
#include "pg_private.h"
#include "str.h"

struct meaning {
	const char *state; /* a whole SQLSTATE or its beginning; the first that fits counts */
	enum err_kind kind;
	const char *code;
};

static const struct meaning meanings[] = {
	{"23505", ERR_REJECT, "pg_unique"},
	{"23P01", ERR_REJECT, "pg_exclusion"},
	{"23", ERR_REJECT, "pg_check"},
	{"40001", ERR_RETRY, "pg_conflict"},
	{"40P01", ERR_RETRY, "pg_conflict"},
	{"55P03", ERR_RETRY, "pg_conflict"},
	{"57014", ERR_RETRY, "pg_timeout"},
	{"57P0", ERR_RETRY, "pg_unavailable"},
	{"08P01", ERR_REJECT, "pg_sql"}, /* wrong number of parameters */
	{"08", ERR_RETRY, "pg_unavailable"},
	{"53", ERR_RETRY, "pg_unavailable"},
	{"58", ERR_RETRY, "pg_unavailable"},
	{"25P03", ERR_RETRY, "pg_unavailable"},
	{"25006", ERR_RETRY, "pg_unavailable"}, /* a standby after a failover */
	{"26000", ERR_RETRY, "pg_unavailable"}, /* a pooler in between lost the prepared statement */
	{"", ERR_REJECT, "pg_sql"},
};

static const char *field(const PGresult *answer, int code)
{
	const char *text = PQresultErrorField(answer, code);

	return text ? text : "";
}

/* A cached plan that a migration has outdated. The server calls it "not supported", like much else. */
static bool plan_is_outdated(const PGresult *answer)
{
	return str_eq(field(answer, PG_DIAG_SQLSTATE), "0A000")
	       && str_eq(field(answer, PG_DIAG_SOURCE_FUNCTION), "RevalidateCachedQuery");
}

bool pg_answer_ends_line(const PGresult *answer)
{
	const char *severity = field(answer, PG_DIAG_SEVERITY_NONLOCALIZED);

	return !field(answer, PG_DIAG_SQLSTATE)[0] || str_eq(severity, "FATAL") || str_eq(severity, "PANIC");
}

bool pg_answer_spoils_line(const PGresult *answer)
{
	const char *state = field(answer, PG_DIAG_SQLSTATE);

	return plan_is_outdated(answer) || str_eq(state, "26000") || str_eq(state, "25006");
}

enum err_kind pg_classify(const PGresult *answer, const char *what, struct err *err)
{
	const char *state = field(answer, PG_DIAG_SQLSTATE);
	const char *constraint = field(answer, PG_DIAG_CONSTRAINT_NAME);
	const struct meaning *meaning = meanings;

	if (!state[0] || plan_is_outdated(answer))
		return err_set(err, ERR_RETRY, "pg_unavailable", "%s: line lost", what);
	while (!str_starts(state, meaning->state))
		meaning++;
	if (constraint[0])
		return err_set(err, meaning->kind, meaning->code, "%s: %s", what, constraint);
	if (str_starts(state, "42")) /* names only; other messages may quote values */
		return err_set(err, meaning->kind, meaning->code, "%s: SQLSTATE %s: %.120s", what, state,
			       field(answer, PG_DIAG_MESSAGE_PRIMARY));
	return err_set(err, meaning->kind, meaning->code, "%s: SQLSTATE %s", what, state);
}
