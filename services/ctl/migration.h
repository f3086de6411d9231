/* migration.h: the numbered SQL files of deploy/migrations, in dbmate's format. */
#ifndef MIGRATION_H
#define MIGRATION_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

#define MIGRATION_BYTES_MAX (4u << 20)

/* version: the digits that the file's name starts with; it stands in schema_migrations. */
struct migration {
	char version[32];
	char *name; /* of the file, without its directory */
};

struct migrations {
	struct migration *items; /* by version, ascending */
	size_t count;
};

/* Every <digits>_<words>.sql of the directory. Release also after an error.
 * Errors ERR_REJECT bad_dir, bad_name (not digits first), twice (two files of one version). */
enum err_kind migrations_find(const char *dir, struct migrations *ret_migrations, struct err *err) MUST_CHECK;
void migrations_release(struct migrations *migrations);

/* The part between `-- migrate:up` and `-- migrate:down`. in_transaction is false after `-- migrate:up transaction:false`.
 * *ret_sql is the caller's to free. Errors ERR_REJECT unreadable, no_up. */
enum err_kind migration_read_up(const char *dir, const struct migration *migration, char **ret_sql,
				bool *ret_in_transaction, struct err *err) MUST_CHECK;

#endif
