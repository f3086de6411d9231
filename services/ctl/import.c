/* import.c: what was sold before unbook, from a file into the tables: all of it, or nothing and what is wrong with it. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "actor.h"
#include "ctl.h"
#include "ctl_db.h"
#include "import_file.h"
#include "imports.h"
#include "str.h"

#define NAME            "unbookctl import"
#define IMPORT_MS       (3600 * 1000) /* one statement may speak of every line */
#define ARENA_BYTES_MAX (1u << 20)

struct order {
	const char *path;
	bool only_checks;
	char actor[ACTOR_BYTES];
	struct import_file file;
	struct imports imports;
	struct arena arena; /* of one line, or of one page of faults */
};

static int usage(void)
{
	fputs("usage: unbookctl import [--dry-run] [--operator <name>] <file.jsonl>\n\n"
	      "Takes over users, offers, and the bookings that were sold before unbook with their payments, so that they can be\n"
	      "cancelled and refunded here. One JSON object on each line, at most 16384 bytes, told apart by \"kind\":\n"
	      "  user     subject (the user id of the token), email, name, timeZone, locale, guardian (subject of the parent)\n"
	      "  offer    id, teacher, title, durationMinutes, amountMinor, currency, cancelNoticeMinutes, minNoticeMinutes, active\n"
	      "  booking  id (kept), parent, student, teacher, offer, title, scheduledDateTime, durationMinutes, status (0 to 3),\n"
	      "           amountMinor, currency, stripeSessionId, createdAt, payments [{paymentIntent, chargeId, amountMinor,\n"
	      "           currency, capturedAt, refundId or refundReference, refundedAt}], cancelledAt, cancelCause, and more\n"
	      "People are named by their subject. docs/import.md tells each field, and how to export an ASP.NET table.\n\n"
	      "All or nothing: every bad line is listed on stdout, and then nothing is written. The same file again changes nothing;\n"
	      "a line that contradicts what is there is a bad line. A status other than 0 to 3 is one too: unbookctl statuses makes a\n"
	      "repair plan. Nobody gets a mail or an event. Others can read meanwhile; who books or cancels waits until it is done.\n"
	      "Exit code 0: done, 1: bad lines.\n\n"
	      "  --dry-run          check everything, even against the tables, and write nothing\n"
	      "  --operator <name>  who the time line names; default: $SUDO_USER, else $USER; a dry run needs none\n"
	      "  UNBOOK_PG_URL (or UNBOOK_PG_URL_FILE)  PostgreSQL\n",
	      stdout);
	return 0;
}

/* A line that its own checks let pass, on its way; one that they do not, among the faults. */
static enum err_kind judge(struct order *order, const struct import_line *line, struct err *why)
{
	switch (line->kind) {
	case IMPORT_USER:
		return import_user_check(&line->user, why);
	case IMPORT_BOOKING:
		return import_booking_check(&line->booking, order->imports.now, why);
	case IMPORT_OFFER:
		return import_offer_check(&line->offer, why);
	case IMPORT_UNKNOWN:
		break;
	}
	return ERR_OK;
}

static enum err_kind stage(struct order *order, const struct import_line *line, struct err *err)
{
	int64_t number = order->file.number;

	switch (line->kind) {
	case IMPORT_USER:
		return imports_add_user(&order->imports, number, &line->user, err);
	case IMPORT_OFFER:
		return imports_add_offer(&order->imports, number, &line->offer, err);
	case IMPORT_BOOKING:
		return imports_add_booking(&order->imports, number, &line->booking, err);
	case IMPORT_UNKNOWN:
		break;
	}
	return ERR_OK;
}

static enum err_kind take_line(struct order *order, struct err *err)
{
	struct import_line line;
	struct err why = {0};
	enum err_kind kind;

	arena_reset(&order->arena);
	kind = import_line_decode(order->file.bytes, order->file.len, &order->arena, &line, &why);
	if (!kind)
		kind = judge(order, &line, &why);
	if (!kind)
		return stage(order, &line, err);
	if (kind != ERR_REJECT) {
		*err = why;
		return kind;
	}
	return imports_refuse(
		&order->imports,
		&(struct imports_refusal){order->file.number, line.kind, line.id, line.subject, &why}, err);
}

static enum err_kind take_lines(struct order *order, struct err *err)
{
	enum err_kind kind = import_file_open(order->path, "reading", &order->file, err);
	bool more = true;

	while (!kind && more) {
		kind = import_file_next(&order->file, &more, err);
		if (!kind && more)
			kind = take_line(order, err);
	}
	import_file_close(&order->file);
	return kind;
}

static enum err_kind run_pieces(struct order *order, struct err *err)
{
	int count = imports_piece_count(&order->imports);
	struct progress progress;
	enum err_kind kind = ERR_OK;

	progress_start(&progress, "checking and storing", count);
	for (int piece = 0; !kind && piece < count; piece++) {
		progress_move(&progress, piece);
		kind = imports_run_piece(&order->imports, piece, err);
	}
	progress_clear(&progress);
	return kind;
}

static void put_fault(const struct imports_fault *fault)
{
	printf("line %" PRId64 ": ", fault->line);
	if (fault->about[0]) {
		ctl_put_text(fault->about);
		fputs(": ", stdout);
	}
	ctl_put_text(fault->message);
	printf(" (%s)\n", fault->code);
}

static enum err_kind list_faults(struct order *order, struct err *err)
{
	struct imports_fault last = {0};
	struct imports_faults page;

	do {
		arena_reset(&order->arena);
		if (imports_list_faults(&order->imports, &last, &order->arena, &page, err))
			return err->kind;
		for (int i = 0; i < page.count; i++)
			put_fault(&page.faults[i]);
		if (page.count)
			last = (struct imports_fault){.line = page.faults[page.count - 1].line,
						      .number = page.faults[page.count - 1].number};
	} while (page.count == IMPORTS_PAGE);
	fprintf(stderr, NAME ": lines: %" PRId64 ", faults: %" PRId64 "; nothing was written\n",
		order->file.number, order->imports.faults);
	return ERR_OK;
}

static void put_counts(const struct order *order, const struct imports_counts *counts)
{
	const int64_t *by = counts->bookings_new;
	int64_t bookings_new = by[0] + by[1] + by[2] + by[3];

	printf("users     %" PRId64 " new, %" PRId64 " filled in, %" PRId64 " known\n", counts->users_new,
	       counts->users_filled, counts->users_known);
	printf("offers    %" PRId64 " new, %" PRId64 " known\n", counts->offers_new, counts->offers_known);
	printf("bookings  %" PRId64 " new (Pending %" PRId64 ", Confirmed %" PRId64 ", Completed %" PRId64
	       ", Cancelled %" PRId64 "), %" PRId64 " known\n",
	       bookings_new, by[BOOKING_PENDING], by[BOOKING_CONFIRMED], by[BOOKING_COMPLETED],
	       by[BOOKING_CANCELLED], counts->bookings_known);
	printf("payments  %" PRId64 " new (%" PRId64 " refunded), %" PRId64 " known\n", counts->payments_new,
	       counts->refunds_new, counts->payments_known);
	if (order->only_checks)
		puts("dry run: nothing was written");
	else if (!order->file.number)
		puts("nothing changed: the file is empty");
	else if (counts->users_new + counts->users_filled + counts->offers_new + bookings_new == 0)
		puts("nothing changed: all of it is there already");
}

static enum err_kind finish(struct order *order, int *ret_code, struct err *err)
{
	struct imports_counts counts;

	if (order->imports.faults) {
		*ret_code = 1;
		return list_faults(order, err);
	}
	if (imports_count(&order->imports, &counts, err)
	    || (!order->only_checks && imports_commit(&order->imports, err)))
		return err->kind;
	put_counts(order, &counts);
	return ERR_OK;
}

static enum err_kind import(struct pg *db, void *context, int *ret_code, struct err *err)
{
	struct order *order = context;
	enum err_kind kind = imports_begin(db, order->actor, &order->imports, err);

	if (!kind)
		kind = take_lines(order, err);
	if (!kind)
		kind = run_pieces(order, err);
	if (!kind)
		kind = finish(order, ret_code, err);
	imports_release(&order->imports);
	return kind;
}

/* 0, or the exit code after it was said what is wrong. */
static int read_order(int argc, char **argv, struct order *order)
{
	static const struct option options[] = {
		{"dry-run", no_argument, NULL, 'd'},
		{"operator", required_argument, NULL, 'o'},
		{NULL, 0, NULL, 0},
	};
	const char *name = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'd')
			order->only_checks = true;
		else if (option == 'o')
			name = optarg;
		else
			return ctl_see_help(NAME);
	}
	if (optind == argc)
		return ctl_wrong(NAME, NULL, "which file? Give its name");
	if (!ctl_takes_no_more(NAME, argc, argv, optind + 1))
		return EX_USAGE;
	order->path = argv[optind];
	if (order->only_checks && !name) /* nobody reads a time line that is not written */
		return str_copy(order->actor, sizeof(order->actor), "operator:nobody") ? 0 : EX_SOFTWARE;
	return actor_read(NAME, name, order->actor) ? 0 : ctl_see_help(NAME);
}

static int command(int argc, char **argv)
{
	struct order order = {0};
	int code;

	if (ctl_wants_help(argc, argv))
		return usage();
	code = read_order(argc, argv, &order);
	if (code)
		return code;
	arena_init(&order.arena, ARENA_BYTES_MAX);
	code = ctl_with_db(
		&(struct ctl_work){.name = NAME, .call_ms = IMPORT_MS, .run = import, .context = &order});
	arena_release(&order.arena);
	return code;
}

const struct ctl_command ctl_import = {"import", "take over what was sold before unbook", command};
