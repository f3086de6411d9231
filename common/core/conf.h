/* conf.h: settings as table rows. One table per service gives parsing, --help, --print-config, --check-config and
 * .env.example, so that they cannot disagree. */
#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "err.h"

struct buf;

enum conf_type {
	CONF_TEXT,    /* char * */
	CONF_INT,     /* int64_t between min and max */
	CONF_FILE,    /* char *: a path that must be readable */
	CONF_DIR,     /* char *: a directory that must be readable */
	CONF_URL,     /* char *: scheme://host..., the scheme one of the words in choices ("http https") */
	CONF_ADDRESS, /* char *: host:port; with choices "list" one or more of them, comma separated */
	CONF_RANGES, /* char *: addresses and ranges of them with commas between, as address_ranges_decode reads them */
	CONF_CHOICE, /* char *: one of the words in choices */
};

struct conf_row {
	/* "UNBOOK_PG_URL"; a secret is also read from the file that NAME_FILE names (one newline at its end is cut) */
	const char *name;
	enum conf_type type;
	size_t offset;        /* of the member in the settings struct */
	const char *fallback; /* NULL: required; "": optional, the member stays NULL (CONF_INT: 0) */
	const char *help;     /* one sentence, with the unit */
	const char *choices;
	int64_t min, max; /* CONF_INT only */
	bool secret;
	const char *
		either; /* name of another row: one of the two must be set, and not both. Both are optional else. NULL: none */
	/* What type cannot say, NULL: nothing. msg of the error ends the sentence "NAME ..." and never shows a secret. No network. */
	enum err_kind (*check)(const char *value, struct err *err);
};

/* Handle the process's arguments and environment: fills *settings (zeroed by the caller) from rows.
 * Returns -1 to go on, else the exit code: 0 after --help, --version, --print-config (secrets shown as "set"),
 * --print-env-example or a good --check-config; 64 for an unknown argument; 78 when settings are wrong, every mistake
 * listed on stderr at once. With mistakes and with --check-config conf_strangers are named there too. */
int conf_main(const struct conf_row *rows, size_t count, void *settings, int argc, char **argv);

/* The parsing alone: number of mistakes, each written to errors as one line; never a secret's value. environment like
 * environ; a variable that is set but empty counts as not set. Text members are owned by *settings, also after mistakes. */
int conf_load(const struct conf_row *rows, size_t count, void *settings, char *const *environment,
	      FILE *errors);

/* The variables of environment whose name begins with UNBOOK_ and that no row reads: their number, the first of their names added to out
 * with commas between. They may be another service's, a cluster's (Kubernetes adds UNBOOK_API_PORT and the like beside a Service named
 * unbook-api), or misspelt: worth a word, no mistake. */
int conf_strangers(const struct conf_row *rows, size_t count, char *const *environment, struct buf *out);

/* Free the text members; secrets are wiped first. */
void conf_release(const struct conf_row *rows, size_t count, void *settings);

#endif
