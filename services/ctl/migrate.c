/* migrate.c: bring the database to this version's schema. Each file in its own transaction, all of it under a session advisory
 * lock, so that any number of them may start at once. Repeating it does nothing. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "ctl.h"
#include "migration.h"
#include "pg.h"
#include "str.h"

#define MIGRATE_MS      (3600 * 1000) /* an index over a large table takes its time */
#define COMMAND         "unbookctl migrate"
#define INSTALLED_DIR   "/usr/share/unbook/migrations"
#define BUILD_TO_SOURCE "../../../deploy/migrations" /* from build/<preset>/bin */

struct settings {
	char *pg_url;
};

static const struct conf_row rows[] = {
	{.name = "UNBOOK_PG_URL",
	 .type = CONF_URL,
	 .offset = offsetof(struct settings, pg_url),
	 .help = "PostgreSQL, as a role that may create tables",
	 .choices = "postgresql postgres",
	 .secret = true},
};

/* The number is "unbook" in ASCII. */
static const struct pg_stmt lock = {"migrate_lock", "SELECT pg_advisory_lock(129116958322539)", true};
static const struct pg_stmt make_table = {
	"migrate_table", "CREATE TABLE IF NOT EXISTS schema_migrations (version varchar(128) PRIMARY KEY)",
	false};
static const struct pg_stmt is_applied = {"migrate_is_applied",
					  "SELECT 1 FROM schema_migrations WHERE version = $1", true};
static const struct pg_stmt note = {"migrate_note", "INSERT INTO schema_migrations (version) VALUES ($1)",
				    false};

static enum err_kind run(struct pg *db, const struct pg_stmt *stmt, const char *version, int *ret_rows,
			 struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};
	enum err_kind kind;

	if (version)
		pg_arg_text(&args, version);
	kind = pg_one(db, stmt, &args, &results, err);
	if (!kind && ret_rows)
		*ret_rows = pg_rows(&results, 0);
	return kind;
}

/* version holds digits only, so it may stand inside the script. */
static enum err_kind apply_script(struct pg *db, const char *sql, const char *version, struct err *err)
{
	enum err_kind kind;
	struct buf script;

	buf_init(&script, 2 * MIGRATION_BYTES_MAX);
	buf_addf(&script, "BEGIN;\n%s\n;INSERT INTO schema_migrations (version) VALUES ('%s');\nCOMMIT;\n",
		 sql, version);
	if (script.failed)
		kind = err_set(err, ERR_FATAL, "no_memory", "out of memory");
	else
		kind = pg_script(db, script.data, MIGRATE_MS, err);
	buf_release(&script);
	if (kind)
		pg_rollback(db);
	return kind;
}

static enum err_kind apply(struct pg *db, const char *dir, const struct migration *migration, struct err *err)
{
	bool in_transaction = true;
	enum err_kind kind;
	char *sql = NULL;

	kind = migration_read_up(dir, migration, &sql, &in_transaction, err);
	if (!kind && in_transaction)
		kind = apply_script(db, sql, migration->version, err);
	else if (!kind)
		kind = pg_script(db, sql, MIGRATE_MS, err);
	if (!kind && !in_transaction)
		kind = run(db, &note, migration->version, NULL, err);
	free(sql);
	return kind ? err_while(err, "%s", migration->name) : ERR_OK;
}

static enum err_kind apply_all(struct pg *db, const char *dir, const struct migrations *list, struct err *err)
{
	int applied = 0;
	enum err_kind kind;

	kind = run(db, &lock, NULL, NULL, err);
	if (!kind)
		kind = run(db, &make_table, NULL, NULL, err);
	for (size_t i = 0; !kind && i < list->count; i++) {
		int found = 0;

		kind = run(db, &is_applied, list->items[i].version, &found, err);
		if (kind || found)
			continue;
		kind = apply(db, dir, &list->items[i], err);
		if (!kind) {
			printf("applied %s\n", list->items[i].name);
			applied++;
		}
	}
	if (!kind)
		printf("%d applied, %zu in all: the database is up to date\n", applied, list->count);
	return kind;
}

static enum err_kind migrate(const char *url, const char *dir, struct err *err)
{
	struct pg_options options = {.url = url, .application = "unbookctl migrate", .call_ms = MIGRATE_MS};
	struct migrations list = {0};
	struct pg *db = NULL;
	enum err_kind kind;

	kind = migrations_find(dir, &list, err);
	if (!kind)
		kind = pg_open(&options, &db, err);
	if (!kind)
		kind = apply_all(db, dir, &list, err);
	pg_close(db);
	migrations_release(&list);
	return kind;
}

/* Beside the sources when run from a build tree, else where the package puts them. */
static const char *default_dir(char path[PATH_MAX])
{
	char exe[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (len > 0) {
		exe[len] = '\0';
		if (snprintf(path, PATH_MAX, "%s/" BUILD_TO_SOURCE, dirname(exe)) < PATH_MAX
		    && !access(path, R_OK | X_OK))
			return path;
	}
	return INSTALLED_DIR;
}

static int usage(void)
{
	fputs("usage: unbookctl migrate [--dir <directory>]\n\n"
	      "Applies the numbered SQL files that this database has not seen yet, each in its transaction.\n"
	      "Default directory: deploy/migrations beside the build, else " INSTALLED_DIR ".\n\n"
	      "  UNBOOK_PG_URL (or UNBOOK_PG_URL_FILE)  PostgreSQL, as a role that may create tables\n",
	      stdout);
	return 0;
}

static int command(int argc, char **argv)
{
	struct settings settings = {0};
	struct err err = {0};
	char path[PATH_MAX];
	const char *dir = default_dir(path);
	int code = 0;

	if (argc == 2 && (str_eq(argv[1], "--help") || str_eq(argv[1], "-h")))
		return usage();
	if (argc == 3 && str_eq(argv[1], "--dir"))
		dir = argv[2];
	else if (argc == 2 && str_eq(argv[1], "--dir"))
		return ctl_wrong(COMMAND, NULL, "--dir needs a directory");
	else if (!ctl_takes_no_more(COMMAND, argc, argv, 1))
		return EX_USAGE;
	if (conf_load(rows, sizeof(rows) / sizeof(rows[0]), &settings, environ, stderr)) {
		code = EX_CONFIG;
	} else if (migrate(settings.pg_url, dir, &err)) {
		fprintf(stderr, COMMAND ": %s (%s)\n", err.msg, err.code);
		code = EX_SOFTWARE;
	}
	conf_release(rows, sizeof(rows) / sizeof(rows[0]), &settings);
	return code;
}

const struct ctl_command ctl_migrate = {"migrate", "bring the database to this version's schema", command};
