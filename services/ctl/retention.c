/* retention.c: let go of what is not kept for ever, in small steps beside running services. */
#include <stdio.h>

#include "ctl.h"
#include "ctl_db.h"
#include "progress.h"
#include "retention.h"
#include "str.h"

#define COMMAND  "unbookctl retention"
#define COUNT_MS (3600 * 1000) /* whole tables are read */

static int usage(void)
{
	fputs("usage: unbookctl retention apply [--dry-run]\n\n"
	      "Lets go of what is not kept for ever. Run it once a day.\n"
	      "  stripe_events      the payload (it holds names and addresses) of applied events, 90 days after they came;\n"
	      "                     the row stays, so that a repeat is still known. One that was never applied keeps its\n"
	      "                     payload, whatever its age\n"
	      "  idempotency_keys   rows, after 30 days\n"
	      "  dead_letters       rows that were redriven 90 days ago, or discarded and first seen 90 days ago; open ones\n"
	      "                     stay\n"
	      "Bookings, payments, refunds, mails and the time line are never removed. Works in small transactions; safe\n"
	      "beside running services, and to be ended and repeated at any time. Prints what was removed per table.\n\n"
	      "  --dry-run           only count: nothing is changed\n"
	      "  UNBOOK_PG_URL       PostgreSQL (or UNBOOK_PG_URL_FILE)\n",
	      stdout);
	return 0;
}

static enum err_kind apply(struct pg *db, enum retention_rule rule, int64_t *ret_count, struct err *err)
{
	struct progress progress;
	int64_t blocks, count;

	if (retention_blocks(db, rule, &blocks, err))
		return err->kind;
	*ret_count = 0;
	progress_start(&progress, retention_words(rule).table, blocks);
	for (int64_t from = 0; from < blocks; from += RETENTION_BATCH_BLOCKS) {
		if (retention_apply(db, rule, from, &count, err)) {
			progress_clear(&progress);
			return err_while(err, "%s, after %lld %s", retention_words(rule).table,
					 (long long)*ret_count, retention_words(rule).things);
		}
		*ret_count += count;
		progress_move(&progress, from);
	}
	progress_clear(&progress);
	return ERR_OK;
}

static enum err_kind run(struct pg *db, void *context, int *ret_code, struct err *err)
{
	const bool *only_counts = context;

	(void)ret_code;
	for (int rule = 0; rule < RETENTION_RULE_COUNT; rule++) {
		const struct retention_words words = retention_words((enum retention_rule)rule);
		int64_t count = 0;

		if (*only_counts ? retention_count(db, (enum retention_rule)rule, &count, err)
				 : apply(db, (enum retention_rule)rule, &count, err))
			return err->kind;
		printf("%s: %lld %s older than %s%s removed\n", words.table, (long long)count, words.things,
		       words.age, *only_counts ? " would be" : "");
	}
	return ERR_OK;
}

static int command(int argc, char **argv)
{
	bool only_counts = argc == 3 && str_eq(argv[2], "--dry-run");

	if (ctl_wants_help(argc, argv))
		return usage();
	if (argc < 2 || !str_eq(argv[1], "apply"))
		return ctl_wrong(COMMAND, argc < 2 ? NULL : argv[1], argc < 2 ? "say apply" : "is not apply");
	if (!ctl_takes_no_more(COMMAND, argc, argv, only_counts ? 3 : 2))
		return EX_USAGE;
	return ctl_with_db(&(struct ctl_work){
		.name = COMMAND, .call_ms = COUNT_MS, .run = run, .context = &only_counts});
}

const struct ctl_command ctl_retention = {"retention", "let go of what is not kept for ever", command};
