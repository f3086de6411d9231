/* test_migration.c: which files there are, and what part of them is run. */
#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "migration.h"
#include "str.h"

static char dir[] = "/tmp/unbook-migrations-XXXXXX";
static char written[8][PATH_MAX];
static int written_count;

static void make(void)
{
	cr_assert_not_null(mkdtemp(dir));
}

static void drop(void)
{
	while (written_count)
		unlink(written[--written_count]);
	rmdir(dir);
}

TestSuite(migration, .init = make, .fini = drop);

static void put(const char *name, const char *text)
{
	FILE *file;

	snprintf(written[written_count], PATH_MAX, "%s/%s", dir, name);
	file = fopen(written[written_count++], "w");
	cr_assert_not_null(file);
	fputs(text, file);
	fclose(file);
}

static enum err_kind find(struct migrations *list, struct err *err)
{
	return migrations_find(dir, list, err);
}

Test(migration, files_come_in_order_of_their_version)
{
	struct migrations list;
	struct err err = {0};

	put("20270101000000_b.sql", "");
	put("20260101000000_a.sql", "");
	put("notes.txt", "");
	cr_assert_eq(find(&list, &err), ERR_OK, "%s", err.msg);
	cr_assert_eq(list.count, 2);
	cr_expect_str_eq(list.items[0].version, "20260101000000");
	cr_expect_str_eq(list.items[1].name, "20270101000000_b.sql");
	migrations_release(&list);
}

Test(migration, a_file_without_a_version_is_refused)
{
	struct migrations list;
	struct err err = {0};

	put("first.sql", "");
	cr_expect_eq(find(&list, &err), ERR_REJECT);
	cr_expect_str_eq(err.code, "bad_name");
	migrations_release(&list);
}

Test(migration, two_files_of_one_version_are_refused)
{
	struct migrations list;
	struct err err = {0};

	put("1_a.sql", "");
	put("1_b.sql", "");
	cr_expect_eq(find(&list, &err), ERR_REJECT);
	cr_expect_str_eq(err.code, "twice");
	cr_expect(strstr(err.msg, "1_a.sql") && strstr(err.msg, "1_b.sql"), "%s", err.msg);
	migrations_release(&list);
}

Test(migration, no_two_of_ours_have_one_number)
{
	struct migrations list;
	struct err err = {0};

	cr_expect_eq(migrations_find(UNBOOK_SOURCE_DIR "/deploy/migrations", &list, &err), ERR_OK, "%s",
		     err.msg);
	migrations_release(&list);
}

Test(migration, an_empty_or_missing_directory_is_refused)
{
	struct migrations list;
	struct err err = {0};

	cr_expect_eq(find(&list, &err), ERR_REJECT);
	migrations_release(&list);
	cr_expect_eq(migrations_find("/nowhere/at/all", &list, &err), ERR_REJECT);
	cr_expect_str_eq(err.code, "bad_dir");
	migrations_release(&list);
}

static enum err_kind read_only_file(const char *text, char **ret_sql, bool *ret_in_transaction,
				    struct err *err)
{
	struct migrations list;
	enum err_kind kind;

	put("1_only.sql", text);
	cr_assert_eq(find(&list, err), ERR_OK);
	kind = migration_read_up(dir, &list.items[0], ret_sql, ret_in_transaction, err);
	migrations_release(&list);
	return kind;
}

Test(migration, only_the_part_that_leads_up_is_read)
{
	bool in_transaction = false;
	struct err err = {0};
	char *sql = NULL;

	cr_assert_eq(read_only_file(
			     "-- a word\n-- migrate:up\nCREATE TABLE a ();\n-- migrate:down\nDROP TABLE a;\n",
			     &sql, &in_transaction, &err),
		     ERR_OK, "%s", err.msg);
	cr_expect_str_eq(sql, "CREATE TABLE a ();\n");
	cr_expect(in_transaction);
	free(sql);
}

Test(migration, a_file_may_ask_for_no_transaction)
{
	bool in_transaction = true;
	struct err err = {0};
	char *sql = NULL;

	cr_assert_eq(
		read_only_file("-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON a (b);\n",
			       &sql, &in_transaction, &err),
		ERR_OK);
	cr_expect_not(in_transaction);
	free(sql);
}

Test(migration, a_file_without_a_part_that_leads_up_is_refused)
{
	bool in_transaction = true;
	struct err err = {0};
	char *sql = NULL;

	cr_expect_eq(read_only_file("CREATE TABLE a ();\n", &sql, &in_transaction, &err), ERR_REJECT);
	cr_expect_str_eq(err.code, "no_up");
}
