/* ctl.h: unbookctl, the operator's command. One file per subcommand; each offers one table row. */
#ifndef CTL_H
#define CTL_H

#include <stdbool.h>
#include <sysexits.h>

struct ctl_command {
	const char *name;
	const char *summary; /* one line of --help */
	/* argv[0] is the subcommand's own name. Returns the exit code. */
	int (*run)(int argc, char **argv);
};

extern const struct ctl_command ctl_migrate;
extern const struct ctl_command ctl_jwks;
extern const struct ctl_command ctl_show;
extern const struct ctl_command ctl_verify;
extern const struct ctl_command ctl_refunds;
extern const struct ctl_command ctl_orphans;
extern const struct ctl_command ctl_cleanup;
extern const struct ctl_command ctl_reconcile;
extern const struct ctl_command ctl_retention;
extern const struct ctl_command ctl_import;
extern const struct ctl_command ctl_statuses;

/* --help or -h is among the arguments. */
bool ctl_wants_help(int argc, char **argv);

/* After a reason on stderr, in place of the whole usage: where that stands. name: "unbookctl import". Returns EX_USAGE. */
int ctl_see_help(const char *name);

#endif
