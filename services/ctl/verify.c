/* verify.c: do the invariants of the design hold in this database, now? */
#include <stdio.h>

#include "ctl.h"
#include "ctl_db.h"
#include "invariants.h"
#include "str.h"

#define ARENA_BYTES_MAX (16u << 20)
#define VERIFY_MS       (3600 * 1000) /* whole tables are read */
#define NOTICE_S_MAX    31536000
#define COMMAND         "unbookctl verify"

static int usage(void)
{
	fputs("usage: unbookctl verify [--teacher-notice-s <seconds>]\n\n"
	      "Asks a live database, in one read-only snapshot, whether the invariants hold:\n"
	      "  I1  each captured payment is kept by one booking, of exactly its price, or refunded once and never by more than\n"
	      "      was captured, or settled elsewhere and given back by nobody else\n"
	      "  I2  cancelled and paid: refunded; never paid: not\n"
	      "  I3  one Message-ID per mail, and what was sent has a time\n"
	      "  I4  no two live bookings of a teacher overlap\n"
	      "  I5  a parent or teacher cancelled a paid booking in time\n"
	      "  I6  every status is 0 to 3, and Cancelled ones alone have a cause and a time\n"
	      "Prints one line for each violation. Exit code 0: none, 1: some.\n\n"
	      "  --teacher-notice-s <seconds>  what the API's UNBOOK_TEACHER_NOTICE_S is, when it is set\n"
	      "  UNBOOK_PG_URL (or UNBOOK_PG_URL_FILE)  PostgreSQL; a role that may only read is enough\n",
	      stdout);
	return 0;
}

static void report(const struct invariants_found *found)
{
	for (int i = 0; i < found->count; i++) {
		ctl_put_text(found->lines[i]);
		putchar('\n');
	}
	fprintf(stderr, "%lld bookings, %lld payments: %d%s violations; %lld refunds wait for a person\n",
		(long long)found->bookings, (long long)found->payments, found->count,
		found->more ? " or more" : "", (long long)found->waiting);
}

static enum err_kind verify(struct pg *db, void *context, int *ret_code, struct err *err)
{
	const int64_t *teacher_notice_s = context;
	struct invariants_found found;
	struct arena arena;
	enum err_kind kind;

	arena_init(&arena, ARENA_BYTES_MAX);
	kind = invariants_check(db, *teacher_notice_s, &arena, &found, err);
	if (!kind) {
		report(&found);
		*ret_code = found.count ? 1 : 0;
	}
	arena_release(&arena);
	return kind;
}

static int command(int argc, char **argv)
{
	int64_t teacher_notice_s = -1;

	if (ctl_wants_help(argc, argv))
		return usage();
	if (argc == 3 && str_eq(argv[1], "--teacher-notice-s")) {
		if (!str_to_int64(argv[2], &teacher_notice_s) || teacher_notice_s < -1
		    || teacher_notice_s > NOTICE_S_MAX)
			return ctl_wrong(COMMAND, argv[2], "is no notice in seconds, as the API takes it");
	} else if (argc == 2 && str_eq(argv[1], "--teacher-notice-s")) {
		return ctl_wrong(COMMAND, NULL, "--teacher-notice-s needs a number of seconds");
	} else if (!ctl_takes_no_more(COMMAND, argc, argv, 1)) {
		return EX_USAGE;
	}
	return ctl_with_db(&(struct ctl_work){
		.name = COMMAND, .call_ms = VERIFY_MS, .run = verify, .context = &teacher_notice_s});
}

const struct ctl_command ctl_verify = {"verify", "do the invariants hold in this database?", command};
