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
extern const struct ctl_command ctl_dead_letters;

/* --help or -h is among the arguments. */
bool ctl_wants_help(int argc, char **argv);

/* After a reason on stderr, in place of the whole usage: where that stands. name: "unbookctl import". Returns EX_USAGE. */
int ctl_see_help(const char *name);

/* One line on stderr about arguments that are wrong, and ctl_see_help. value: the one that is to blame, as it was given; NULL: what says it
 * all. Returns EX_USAGE. */
int ctl_wrong(const char *name, const char *value, const char *what);

/* Of a command that takes no arguments but its options: false, and said by ctl_wrong, when first is not where they end. */
bool ctl_takes_no_more(const char *name, int argc, char **argv, int first);

#endif
