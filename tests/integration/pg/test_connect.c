#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "database.h"

TestSuite(pg_connect, .init = database_make, .fini = database_drop, .timeout = 30);

static void refused(const char *url, enum err_kind kind, const char *code)
{
	struct pg_options options = {.url = url, .application = "test", .connect_ms = 2000};
	struct err err = {0};
	struct pg *pg;

	ASSERT_ERR(pg_open(&options, &pg, &err), kind, code, err);
	cr_assert_null(strstr(err.msg, "hunter2"), "%s", err.msg);
}

Test(pg_connect, settings_that_cannot_work_are_fatal)
{
	char url[600];

	refused(NULL, ERR_FATAL, "pg_config");
	refused("", ERR_FATAL, "pg_config");
	refused("mysql://u:hunter2@127.0.0.1/x", ERR_FATAL, "pg_config");
	refused("postgresql://u:hunter2@127.0.0.1:port/x", ERR_FATAL, "pg_config");
	snprintf(url, sizeof(url), "%s_not", database_url);
	refused(url, ERR_FATAL, "pg_config");
}

Test(pg_connect, a_server_that_is_not_there_is_tried_again)
{
	refused("postgresql://u:hunter2@127.0.0.1:1/x", ERR_RETRY, "pg_unavailable");
}

Test(pg_connect, the_session_is_as_the_design_wants_it)
{
	static const struct pg_stmt stmt = {
		.name = "settings",
		.sql = "SELECT current_setting('TimeZone'), current_setting('transaction_isolation'), "
		       "current_setting('client_encoding'), current_setting('statement_timeout'), "
		       "current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout'), "
		       "current_setting('application_name')",
		.reads_only = true,
	};
	static const char *const wanted[] = {"UTC", "read committed", "UTF8", "1800ms", "1s", "15s", "test"};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg *pg = database_open(2000);
	struct err err = {0};

	database_script(pg, "SELECT 1"); /* a script puts the time-outs back */
	ASSERT_OK(pg_one(pg, &stmt, NULL, &results, &err), err);
	for (int column = 0; column < 7; column++)
		cr_assert_str_eq(pg_text(&results, 0, 0, column), wanted[column]);
	pg_close(pg);
}
