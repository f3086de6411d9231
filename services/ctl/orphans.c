/* orphans.c: the bug report's question "which sessions are orphaned?", with what Stripe says of each. */
#include <stdio.h>

#include "ctl.h"
#include "orphan.h"

#define OLDER_THAN_S 3600
#define COMMAND      "unbookctl orphans"

static int usage(void)
{
	fputs("usage: unbookctl orphans\n\n"
	      "Lists every booking that is Pending and unpaid though it was made more than an hour ago, the newest first,\n"
	      "with what Stripe says of its checkout. Only reads, here and at Stripe.\n"
	      "The reaper ends each of them by itself once its hold is over; one that stays here for long says that the\n"
	      "reaper does not run, or that Stripe does not answer it. unbookctl cleanup ends what is older than a day.\n"
	      "Exit code 0: there is none, 1: some, 70: Stripe did not answer about some.\n\n"
	      "  UNBOOK_PG_URL       PostgreSQL (or UNBOOK_PG_URL_FILE); a role that may only read is enough\n"
	      "  UNBOOK_STRIPE_KEY   (or UNBOOK_STRIPE_KEY_FILE); UNBOOK_STRIPE_URL, _CONNECT_MS, _TIMEOUT_MS as the\n"
	      "                      reaper's\n",
	      stdout);
	return 0;
}

struct tally {
	int64_t found, silent;
};

static enum err_kind show(void *context, const struct ctl_stripe *link, struct orphan *orphan,
			  struct err *err)
{
	struct tally *tally = context;

	(void)link;
	(void)err;
	tally->found++;
	tally->silent += orphan->found == ORPHAN_NO_ANSWER;
	orphan_print(orphan);
	putchar('\n');
	return ERR_OK;
}

static enum err_kind list(const struct ctl_stripe *link, void *context, int *ret_code, struct err *err)
{
	struct tally tally = {0};
	const struct orphan_walk walk = {
		.what = "asking Stripe", .older_than_s = OLDER_THAN_S, .visit = show, .context = &tally};

	(void)context;
	if (orphan_walk(link, &walk, err))
		return err->kind;
	fprintf(stderr, "%lld bookings are Pending and unpaid for more than an hour\n",
		(long long)tally.found);
	if (tally.silent)
		return err_set(err, ERR_RETRY, "stripe_away", "Stripe did not answer about %lld of them",
			       (long long)tally.silent);
	*ret_code = tally.found ? 1 : 0;
	return ERR_OK;
}

static int command(int argc, char **argv)
{
	if (ctl_wants_help(argc, argv))
		return usage();
	if (!ctl_takes_no_more(COMMAND, argc, argv, 1))
		return EX_USAGE;
	return ctl_with_stripe(&(struct ctl_stripe_work){.name = COMMAND, .only_reads = true, .run = list});
}

const struct ctl_command ctl_orphans = {
	"orphans", "unpaid Pending bookings older than an hour, and Stripe's word", command};
