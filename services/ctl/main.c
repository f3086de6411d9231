/* main.c: find the subcommand and run it. */
#include <stdio.h>

#include "ctl.h"
#include "str.h"

static const struct ctl_command *const commands[] = {
	&ctl_migrate, &ctl_jwks,      &ctl_show,      &ctl_verify, &ctl_refunds,  &ctl_orphans,
	&ctl_cleanup, &ctl_reconcile, &ctl_retention, &ctl_import, &ctl_statuses, &ctl_dead_letters,
};

bool ctl_wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (str_eq(argv[i], "--help") || str_eq(argv[i], "-h"))
			return true;
	}
	return false;
}

int ctl_see_help(const char *name)
{
	fprintf(stderr, "see %s --help\n", name);
	return EX_USAGE;
}

int ctl_wrong(const char *name, const char *value, const char *what)
{
	if (value)
		fprintf(stderr, "%s: \"%s\" %s\n", name, value, what);
	else
		fprintf(stderr, "%s: %s\n", name, what);
	return ctl_see_help(name);
}

bool ctl_takes_no_more(const char *name, int argc, char **argv, int first)
{
	if (first >= argc)
		return true;
	(void)ctl_wrong(name, argv[first], "is too much");
	return false;
}

static void help(FILE *out)
{
	fputs("usage: unbookctl <command> [options]\n\n", out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n  --help       this text, or a command's own after its name\n"
	      "  --version    the version\n",
	      out);
}

static int run(int argc, char **argv)
{
	if (str_eq(argv[1], "--help") || str_eq(argv[1], "-h") || str_eq(argv[1], "help")) {
		help(stdout);
		return 0;
	}
	if (str_eq(argv[1], "--version")) {
		printf("unbookctl %s\n", UNBOOK_VERSION);
		return 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (str_eq(argv[1], commands[i]->name))
			return commands[i]->run(argc - 1, argv + 1);
	}
	fprintf(stderr, "unbookctl: unknown command %s\n\n", argv[1]);
	help(stderr);
	return EX_USAGE;
}

/* What is said on stdout is what was asked for: unsaid, it has failed. */
int main(int argc, char **argv)
{
	int code;

	if (argc < 2) {
		help(stderr);
		return EX_USAGE;
	}
	code = run(argc, argv);
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	fprintf(stderr, "unbookctl %s: cannot write to stdout\n", argv[1]);
	return EX_SOFTWARE;
}
