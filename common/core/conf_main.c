/* conf_main.c: the command line that every service shares, written from its table of settings */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "str.h"

#define EXIT_USAGE      64
#define EXIT_SETTINGS   78
#define COLUMNS         100
#define SENTENCES_BYTES 1024
#define NAMES_BYTES     4096

#ifndef UNBOOK_VERSION
#define UNBOOK_VERSION "unknown"
#endif

struct conf_table {
	const struct conf_row *rows;
	size_t count;
};

static const struct {
	const char *name;
	const char *help;
} options[] = {
	{"--check-config", "Check the settings, list every mistake and exit."},
	{"--print-config", "Print the settings as they would be used, secrets hidden, and exit."},
	{"--print-env-example", "Print an environment file to start from and exit."},
	{"--version", "Print the version and exit."},
	{"--help", "Print this and exit."},
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

/* The '@' that ends user and password in a URL, NULL when there are none. */
static const char *url_user_end(const char *url)
{
	const char *mark = strstr(url, "://");

	return mark ? memrchr(mark + 3, '@', strcspn(mark + 3, "/?#")) : NULL;
}

/* The help sentence, and in brackets what else the table knows. */
static void row_describe(const struct conf_row *row, struct buf *out)
{
	buf_addf(out, "%s (", row->help);
	switch (row->type) {
	case CONF_TEXT:
		buf_add(out, "text");
		break;
	case CONF_INT:
		buf_addf(out, "%lld to %lld", (long long)row->min, (long long)row->max);
		break;
	case CONF_FILE:
		buf_add(out, "a readable file");
		break;
	case CONF_DIR:
		buf_add(out, "a readable directory");
		break;
	case CONF_URL:
		buf_addf(out, "URL, scheme: %s", row->choices ? row->choices : "any");
		break;
	case CONF_ADDRESS:
		buf_add(out, str_eq(row->choices, "list") ? "host:port, several with commas" : "host:port");
		break;
	case CONF_RANGES:
		buf_add(out, "addresses or ranges like 10.0.0.0/8, several with commas");
		break;
	case CONF_CHOICE:
		buf_addf(out, "one of: %s", row->choices);
		break;
	}
	if (row->secret)
		buf_addf(out, "; secret, or %s_FILE names its file", row->name);
	if (!row->fallback)
		buf_add(out, "; required)");
	else if (!row->fallback[0])
		buf_add(out, "; optional)");
	else
		buf_addf(out, "; default %s)", row->fallback);
}

/* Words filled into lines of COLUMNS; every line but the first starts with indent blanks or with lead. */
static void print_wrapped(const char *text, size_t at, const char *lead, int indent)
{
	while (*text) {
		size_t word = strcspn(text, " ");

		if (at + 1 + word > COLUMNS) {
			printf("\n%s%*s", lead, indent, "");
			at = strlen(lead) + (size_t)indent;
		} else {
			putchar(' ');
			at++;
		}
		printf("%.*s", (int)word, text);
		at += word;
		text += word;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_entry(const char *name, const char *text, int width)
{
	printf("  %-*s ", width, name);
	print_wrapped(text, (size_t)width + 3, "", width + 4);
}

static int print_help(const struct conf_table *table)
{
	size_t width = 0;
	struct buf text;

	for (size_t i = 0; i < OPTIONS; i++)
		width = strlen(options[i].name) > width ? strlen(options[i].name) : width;
	for (size_t i = 0; i < table->count; i++)
		width = strlen(table->rows[i].name) > width ? strlen(table->rows[i].name) : width;

	printf("Usage: %s [OPTION]\n\n", program_invocation_short_name);
	puts("Runs until it is told to stop (SIGTERM). All settings are environment variables.");
	puts("\nOptions:");
	for (size_t i = 0; i < OPTIONS; i++)
		print_entry(options[i].name, options[i].help, (int)width);
	puts("\nSettings:");
	buf_init(&text, SENTENCES_BYTES);
	for (size_t i = 0; i < table->count; i++) {
		buf_reset(&text);
		row_describe(&table->rows[i], &text);
		print_entry(table->rows[i].name, text.data, (int)width);
	}
	buf_release(&text);
	puts("\nExit codes: 0 clean stop, 64 unknown argument, 70 cannot go on, 78 wrong settings.");
	return 0;
}

static int print_env_example(const struct conf_table *table)
{
	struct buf text;

	buf_init(&text, SENTENCES_BYTES);
	printf("# Settings of %s. What is commented out shows its default.\n", program_invocation_short_name);
	for (size_t i = 0; i < table->count; i++) {
		const struct conf_row *row = &table->rows[i];

		buf_reset(&text);
		row_describe(row, &text);
		printf("\n#");
		print_wrapped(text.data, 1, "# ", 0);
		printf("%s%s=%s\n", row->fallback ? "#" : "", row->name, row->fallback ? row->fallback : "");
	}
	buf_release(&text);
	return 0;
}

static void print_setting(const struct conf_row *row, const void *settings)
{
	const char *member = (const char *)settings + row->offset;
	const char *value, *user_end;

	if (row->type == CONF_INT) {
		printf("%s=%lld\n", row->name, (long long)*(const int64_t *)(const void *)member);
		return;
	}
	value = *(char *const *)(const void *)member;
	if (value && row->secret)
		value = "set";
	user_end = value && row->type == CONF_URL ? url_user_end(value) : NULL;
	if (user_end)
		printf("%s=%.*s://***%s\n", row->name, (int)strcspn(value, ":"), value, user_end);
	else
		printf("%s=%s\n", row->name, value ? value : "");
}

static int print_config(const struct conf_table *table, const void *settings)
{
	for (size_t i = 0; i < table->count; i++)
		print_setting(&table->rows[i], settings);
	return 0;
}

/* NULL: go on without one. False for what is not an option of ours. */
static bool option_find(int argc, char **argv, const char **ret_option)
{
	for (int i = 1; i < argc; i++) {
		size_t known = 0;

		while (known < OPTIONS && !str_eq(argv[i], options[known].name))
			known++;
		if (known == OPTIONS) {
			fprintf(stderr, "%s: unknown argument \"%s\"; see --help\n",
				program_invocation_short_name, argv[i]);
			return false;
		}
	}
	*ret_option = argc > 1 ? argv[1] : NULL;
	return true;
}

static void name_strangers(const struct conf_table *table)
{
	struct buf names;

	buf_init(&names, NAMES_BYTES);
	if (conf_strangers(table->rows, table->count, environ, &names))
		fprintf(stderr, "%s: ignored, no setting of this program: %s\n",
			program_invocation_short_name, names.data);
	buf_release(&names);
}

static int settings_are_wrong(int mistakes)
{
	fprintf(stderr, "%s: %d mistake%s in the settings; see --help\n", program_invocation_short_name,
		mistakes, mistakes == 1 ? "" : "s");
	return EXIT_SETTINGS;
}

int conf_main(const struct conf_row *rows, size_t count, void *settings, int argc, char **argv)
{
	const struct conf_table table = {rows, count};
	const char *option;
	int mistakes, code = -1;

	if (!option_find(argc, argv, &option))
		return EXIT_USAGE;
	if (str_eq(option, "--help"))
		return print_help(&table);
	if (str_eq(option, "--print-env-example"))
		return print_env_example(&table);
	if (str_eq(option, "--version")) {
		printf("%s %s\n", program_invocation_short_name, UNBOOK_VERSION);
		return 0;
	}
	mistakes = conf_load(rows, count, settings, environ, stderr);
	if (mistakes > 0 || str_eq(option, "--check-config"))
		name_strangers(&table);
	if (mistakes > 0) {
		code = settings_are_wrong(mistakes);
	} else if (str_eq(option, "--print-config")) {
		code = print_config(&table, settings);
	} else if (str_eq(option, "--check-config")) {
		puts("The settings are right.");
		code = 0;
	}
	if (code >= 0)
		conf_release(rows, count, settings);
	return code;
}
