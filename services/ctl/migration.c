#include "migration.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

static int by_version(const void *a, const void *b)
{
	const char *left = ((const struct migration *)a)->version;
	const char *right = ((const struct migration *)b)->version;

	return strcmp(left, right);
}

static bool is_sql(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && !strcmp(name + len - 4, ".sql");
}

static enum err_kind add(struct migrations *list, const char *name, struct err *err)
{
	struct migration *grown;
	struct migration *item;
	size_t digits = 0;

	while (isdigit((unsigned char)name[digits]))
		digits++;
	if (!digits || digits >= sizeof(item->version))
		return err_set(err, ERR_REJECT, "bad_name", "%s does not start with a version number", name);
	grown = realloc(list->items, (list->count + 1) * sizeof(*grown));
	if (!grown)
		return err_set(err, ERR_FATAL, "no_memory", "out of memory");
	list->items = grown;
	item = &grown[list->count];
	memcpy(item->version, name, digits);
	item->version[digits] = '\0';
	item->name = strdup(name);
	if (!item->name)
		return err_set(err, ERR_FATAL, "no_memory", "out of memory");
	list->count++;
	return ERR_OK;
}

enum err_kind migrations_find(const char *dir, struct migrations *ret_migrations, struct err *err)
{
	enum err_kind kind = ERR_OK;
	struct dirent *entry;
	DIR *stream = opendir(dir);

	*ret_migrations = (struct migrations){0};
	if (!stream)
		return err_set(err, ERR_REJECT, "bad_dir", "cannot read %s", dir);
	while (!kind && (entry = readdir(stream))) {
		if (is_sql(entry->d_name))
			kind = add(ret_migrations, entry->d_name, err);
	}
	closedir(stream);
	if (kind)
		return kind;
	if (!ret_migrations->count)
		return err_set(err, ERR_REJECT, "bad_dir", "no .sql file in %s", dir);
	qsort(ret_migrations->items, ret_migrations->count, sizeof(ret_migrations->items[0]), by_version);
	for (size_t i = 1; i < ret_migrations->count; i++) {
		if (str_eq(ret_migrations->items[i - 1].version, ret_migrations->items[i].version))
			return err_set(err, ERR_REJECT, "twice",
				       "%s and %s have the same number; give one of them another",
				       ret_migrations->items[i - 1].name, ret_migrations->items[i].name);
	}
	return ERR_OK;
}

void migrations_release(struct migrations *migrations)
{
	for (size_t i = 0; i < migrations->count; i++)
		free(migrations->items[i].name);
	free(migrations->items);
	*migrations = (struct migrations){0};
}

/* The whole file with a NUL behind it; NULL when it cannot be read or is too large. */
static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t len;

	if (!file)
		return NULL;
	text = malloc(MIGRATION_BYTES_MAX + 1);
	if (text) {
		len = fread(text, 1, MIGRATION_BYTES_MAX + 1, file);
		if (ferror(file) || len > MIGRATION_BYTES_MAX) {
			free(text);
			text = NULL;
		} else {
			text[len] = '\0';
		}
	}
	fclose(file);
	return text;
}

/* The line that starts with marker, or NULL. */
static char *find_line(char *text, const char *marker)
{
	for (char *line = text; line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (str_starts(line, marker))
			return line;
	}
	return NULL;
}

enum err_kind migration_read_up(const char *dir, const struct migration *migration, char **ret_sql,
				bool *ret_in_transaction, struct err *err)
{
	char path[PATH_MAX];
	char *text, *up, *down, *end;

	if (snprintf(path, sizeof(path), "%s/%s", dir, migration->name) >= (int)sizeof(path))
		return err_set(err, ERR_REJECT, "unreadable", "the path of %s is too long", migration->name);
	text = read_file(path);
	if (!text)
		return err_set(err, ERR_REJECT, "unreadable", "cannot read %s", path);
	up = find_line(text, "-- migrate:up");
	end = up ? strchr(up, '\n') : NULL;
	if (!end) {
		free(text);
		return err_set(err, ERR_REJECT, "no_up", "%s has no `-- migrate:up` part", migration->name);
	}
	*end++ = '\0';
	*ret_in_transaction = !strstr(up, "transaction:false");
	down = find_line(end, "-- migrate:down");
	if (down)
		*down = '\0';
	*ret_sql = strdup(end);
	free(text);
	return *ret_sql ? ERR_OK : err_set(err, ERR_FATAL, "no_memory", "out of memory");
}
