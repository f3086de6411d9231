/* statuses.c: values outside 0 to 3 in an import file, and the edit that repairs each. Reads the file alone, no database. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "ctl_db.h"
#include "import_file.h"
#include "new_file.h"

#define NAME            "unbookctl statuses"
#define ARENA_BYTES_MAX (1u << 20)
#define LINE_BYTES_MAX  (8u * IMPORT_LINE_BYTES_MAX) /* an edited one, written again */
#define GROUPS_MAX      256
#define SHOWN_MAX       20
#define VALUE_BYTES     64

/* Bookings of one value that are repaired in one way. */
struct group {
	char value[VALUE_BYTES];
	struct import_plan plan;
	int64_t count;
	char shown[SHOWN_MAX][IMPORT_ABOUT_BYTES];
};

struct survey {
	const char *path, *repaired_path;
	struct new_file repaired; /* not open: not asked for */
	struct instant now;
	int64_t bookings, bad;
	int64_t unread, refused; /* lines that import will not take, repaired or not */
	int group_count;
	bool more_groups;
	struct group groups[GROUPS_MAX];
	struct import_file file;
	struct arena arena; /* of one line */
	struct buf edited;
};

static int usage(void)
{
	fputs("usage: unbookctl statuses [--repaired <new file>] <file.jsonl>\n\n"
	      "Lists each booking of an import file whose status is not 0, 1, 2 or 3 (null, 4, \"PendingPayment\", \"1\", none ...),\n"
	      "with the fields that repair it; then, by value, how often it stands there, in which bookings, and what it most likely\n"
	      "meant. Reads the file only. Money counts more than words:\n"
	      "  a payment that was not refunded  1 (Confirmed), or 2 (Completed) when the session is over\n"
	      "  all payments refunded            3 (Cancelled), at the time of the last refund\n"
	      "  no payment, it says cancelled    3 (Cancelled)\n"
	      "  no payment, it says completed    2 (Completed) when it is over\n"
	      "  no payment, a stripeSessionId    0 (Pending): the reaper asks Stripe; paid: confirmed, else released\n"
	      "  no payment, no stripeSessionId   3 (Cancelled): nobody can pay it any more\n"
	      "4 and \"PendingPayment\" count as Pending, null as nothing said. Exit code 0: all are 0 to 3, or the repaired file is\n"
	      "written, and each line by itself can be imported; 1: some are not, or cannot.\n\n"
	      "  --repaired <new file>  write the lines there with the repairs done; the file must not exist yet\n",
	      stdout);
	return 0;
}

static struct group *find_group(struct survey *survey, const char *value, const struct import_plan *plan)
{
	struct group *group;

	for (int i = 0; i < survey->group_count; i++) {
		group = &survey->groups[i];
		if (str_eq(group->value, value) && group->plan.status == plan->status
		    && str_eq(group->plan.why, plan->why))
			return group;
	}
	if (survey->group_count == GROUPS_MAX)
		return NULL;
	group = &survey->groups[survey->group_count++];
	(void)str_copy(group->value, sizeof(group->value), value);
	group->plan = *plan;
	return group;
}

static void count_in(struct survey *survey, const char *value, const struct import_plan *plan,
		     const char *about)
{
	struct group *group = find_group(survey, value, plan);

	if (!group) {
		survey->more_groups = true;
		return;
	}
	if (group->count < SHOWN_MAX)
		(void)str_copy(group->shown[group->count], IMPORT_ABOUT_BYTES, about);
	group->count++;
}

static void about_booking(const struct import_booking *booking, char ret_about[IMPORT_ABOUT_BYTES])
{
	const char *name = booking->stripe_session_id;

	if (!name && booking->payment_count)
		name = booking->payments[0].payment_intent;
	import_about(IMPORT_BOOKING, booking->id, name, ret_about);
}

/* A status that is none: its edit on stdout, and *ret_edit for the repaired file. */
static enum err_kind repair(struct survey *survey, const struct import_booking *booking,
			    const char **ret_edit, struct err *err)
{
	const char *value = booking->status[0] ? booking->status : "(none)";
	char about[IMPORT_ABOUT_BYTES], status[4];
	struct import_booking repaired;
	struct import_plan plan;
	struct err why = {0};

	import_booking_plan(booking, survey->now, &plan);
	*ret_edit = import_plan_encode(booking, &plan, &survey->arena);
	if (!*ret_edit)
		return err_set(err, ERR_RETRY, "no_memory", "a line does not fit its arena");
	about_booking(booking, about);
	count_in(survey, value, &plan, about);
	progress_clear(&survey->file.progress);
	printf("line %" PRId64 ": ", survey->file.number);
	ctl_put_text(about);
	printf(": status %s: %s", value, *ret_edit);
	import_booking_repair(booking, &plan, status, &repaired);
	if (import_booking_check(&repaired, survey->now, &why)) {
		printf("; even so it will be refused: %s", why.msg);
		survey->refused++;
	}
	putchar('\n');
	survey->bad++;
	return ERR_OK;
}

/* What a line that can be read needs; *ret_edit stays NULL when that is nothing. */
static enum err_kind look_at(struct survey *survey, const struct import_line *line, const char **ret_edit,
			     struct err *err)
{
	enum booking_status status;
	struct err why = {0};

	switch (line->kind) {
	case IMPORT_USER:
		survey->refused += import_user_check(&line->user, &why) != ERR_OK;
		break;
	case IMPORT_BOOKING:
		survey->bookings++;
		if (!import_status_decode(line->booking.status, &status))
			return repair(survey, &line->booking, ret_edit, err);
		survey->refused += import_booking_check(&line->booking, survey->now, &why) != ERR_OK;
		break;
	case IMPORT_OFFER:
	case IMPORT_UNKNOWN:
		break;
	}
	return ERR_OK;
}

/* Whoever cannot read what is repaired has not asked for it. */
static enum err_kind fail_unsaid(const struct survey *survey, struct err *err)
{
	return err_set(err, ERR_RETRY, "not_said",
		       "%.100s is not made, for nobody was told what is repaired in it",
		       survey->repaired_path);
}

static enum err_kind copy_line(struct survey *survey, const char *edit, struct err *err)
{
	const struct import_file *file = &survey->file;

	if (!survey->repaired.stream)
		return ERR_OK;
	if (ferror(stdout))
		return fail_unsaid(survey, err);
	buf_reset(&survey->edited);
	if (!edit)
		buf_add_bytes(&survey->edited, file->bytes, file->len);
	else if (import_line_edit(file->bytes, file->len, edit, &survey->edited, err))
		return err->kind;
	buf_add(&survey->edited, "\n");
	if (fwrite(survey->edited.data, 1, survey->edited.len, survey->repaired.stream) != survey->edited.len)
		return err_set(err, ERR_REJECT, "file_write", "cannot write %.100s: %s",
			       survey->repaired_path, strerror(errno));
	return ERR_OK;
}

static enum err_kind take_line(struct survey *survey, struct err *err)
{
	struct import_line line;
	const char *edit = NULL;
	struct err why = {0};
	enum err_kind kind;

	arena_reset(&survey->arena);
	kind = import_line_decode(survey->file.bytes, survey->file.len, &survey->arena, &line, &why);
	if (kind && kind != ERR_REJECT) {
		*err = why;
		return kind;
	}
	if (kind && survey->repaired_path && survey->file.len > IMPORT_LINE_BYTES_MAX)
		return err_set(err, ERR_REJECT, "too_long", "line %" PRId64 " is longer than %d bytes",
			       survey->file.number, IMPORT_LINE_BYTES_MAX);
	survey->unread += kind != ERR_OK;
	if (!kind && look_at(survey, &line, &edit, err))
		return err->kind;
	return copy_line(survey, edit, err);
}

static enum err_kind take_lines(struct survey *survey, struct err *err)
{
	enum err_kind kind = import_file_open(survey->path, "reading", &survey->file, err);
	bool more = true;

	if (!kind && survey->repaired_path)
		kind = new_file_open(survey->repaired_path, &survey->repaired, err);
	while (!kind && more) {
		kind = import_file_next(&survey->file, &more, err);
		if (!kind && more)
			kind = take_line(survey, err);
	}
	import_file_close(&survey->file);
	return kind;
}

static void put_group(const struct group *group)
{
	int64_t shown = group->count < SHOWN_MAX ? group->count : SHOWN_MAX;

	printf("  %" PRId64 " -> %d (%s): %s\n    ", group->count, (int)group->plan.status,
	       booking_status_name(group->plan.status), group->plan.why);
	for (int i = 0; i < shown; i++) {
		if (i)
			fputs(", ", stdout);
		ctl_put_text(group->shown[i]);
	}
	if (group->count > shown)
		printf(" and %" PRId64 " more, above", group->count - shown);
	putchar('\n');
}

/* Each value once, at its first group. */
static void put_value(const struct survey *survey, int first)
{
	const char *value = survey->groups[first].value;
	int64_t count = 0;

	for (int i = 0; i < survey->group_count; i++) {
		if (!str_eq(survey->groups[i].value, value))
			continue;
		if (i < first)
			return;
		count += survey->groups[i].count;
	}
	printf("\nstatus %s: %" PRId64 " %s\n", value, count, count == 1 ? "booking" : "bookings");
	for (int i = first; i < survey->group_count; i++) {
		if (str_eq(survey->groups[i].value, value))
			put_group(&survey->groups[i]);
	}
}

static void report(const struct survey *survey)
{
	for (int i = 0; i < survey->group_count; i++)
		put_value(survey, i);
	if (survey->more_groups)
		printf("\nand other values: there are more than %d ways to repair\n", GROUPS_MAX);
	fprintf(stderr, "%" PRId64 " bookings, %" PRId64 " with a status outside 0 to 3\n", survey->bookings,
		survey->bad);
	if (survey->unread + survey->refused)
		fprintf(stderr,
			"%" PRId64 " lines do not read, %" PRId64
			" others will be refused: unbookctl import --dry-run lists them\n",
			survey->unread, survey->refused);
}

/* The repaired file gets its name last, when all is said. A closed pipe is then an error like any other. */
static enum err_kind run(struct survey *survey, struct err *err)
{
	if (survey->repaired_path)
		(void)signal(SIGPIPE, SIG_IGN);
	if (take_lines(survey, err))
		return err->kind;
	report(survey);
	if (!survey->repaired_path)
		return ERR_OK;
	if (fflush(stdout) || ferror(stdout))
		return fail_unsaid(survey, err);
	if (new_file_keep(&survey->repaired, err))
		return err->kind;
	fprintf(stderr, "repaired: %s\n", survey->repaired_path);
	return ERR_OK;
}

/* 0, or the exit code after it was said what is wrong. */
static int read_order(int argc, char **argv, struct survey *survey)
{
	static const struct option options[] = {
		{"repaired", required_argument, NULL, 'r'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'r')
			return ctl_see_help(NAME);
		survey->repaired_path = optarg;
	}
	if (optind == argc)
		return ctl_wrong(NAME, NULL, "which file? Give its name");
	survey->path = argv[optind];
	return ctl_takes_no_more(NAME, argc, argv, optind + 1) ? 0 : EX_USAGE;
}

static int command(int argc, char **argv)
{
	struct survey *survey;
	struct err err = {0};
	int code;

	if (ctl_wants_help(argc, argv))
		return usage();
	survey = calloc(1, sizeof(*survey));
	if (!survey)
		return EX_OSERR;
	code = read_order(argc, argv, survey);
	if (!code) {
		survey->now = clock_system()->now(clock_system());
		arena_init(&survey->arena, ARENA_BYTES_MAX);
		buf_init(&survey->edited, LINE_BYTES_MAX);
		code = EX_SOFTWARE;
		if (run(survey, &err))
			fprintf(stderr, NAME ": %s (%s)\n", err.msg, err.code);
		else
			code = (survey->bad && !survey->repaired_path) || survey->unread || survey->refused;
		new_file_close(&survey->repaired);
		buf_release(&survey->edited);
		arena_release(&survey->arena);
	}
	free(survey);
	return code;
}

const struct ctl_command ctl_statuses = {
	"statuses", "statuses outside 0 to 3 in an import file, and their repair", command};
