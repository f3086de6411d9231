/* show.c: one booking, its money, its mails and its time line, as a person reads them. */
#include <stdio.h>

#include "booking_log.h"
#include "booking_story.h"
#include "bookings.h"
#include "ctl.h"
#include "ctl_db.h"
#include "str.h"

#define ARENA_BYTES_MAX (8u << 20)
#define COMMAND         "unbookctl show"

static int usage(void)
{
	fputs("usage: unbookctl show <booking id>\n\n"
	      "Prints the booking, its payments and refunds, its mails and its time line. Only reads.\n"
	      "Exit code 1: there is no such booking.\n\n"
	      "  UNBOOK_PG_URL (or UNBOOK_PG_URL_FILE)  PostgreSQL\n",
	      stdout);
	return 0;
}

static void put_label(const char *label)
{
	printf("  %-10s ", label);
}

static void put(const char *label, const char *text)
{
	put_label(label);
	ctl_put_text(text);
	putchar('\n');
}

static void put_when(const char *label, struct instant at)
{
	if (instant_is_none(at))
		return;
	put_label(label);
	ctl_put_instant(at);
	putchar('\n');
}

/* ", <label> <text>" when there is one. */
static void also(const char *label, const char *text)
{
	if (!text || !text[0])
		return;
	printf(", %s ", label);
	ctl_put_text(text);
}

static void put_column(const char *text)
{
	fputs("  ", stdout);
	ctl_put_text(text);
}

static void put_money(struct money money)
{
	char decimal[MONEY_TEXT_BYTES];

	money_to_decimal(money, decimal);
	printf("%s %s", decimal, money.currency);
}

static void put_person(const char *label, int64_t id, const char *name)
{
	put_label(label);
	printf("user:%lld ", (long long)id);
	ctl_put_text(name);
	putchar('\n');
}

static void put_booking(const struct booking_view *view)
{
	const struct booking *booking = &view->booking;

	printf("booking %lld: %s (%d)", (long long)booking->id, booking_status_name(booking->status),
	       (int)booking->status);
	if (booking->cancel_cause != CAUSE_NONE)
		also("cause", cancel_cause_name(booking->cancel_cause));
	if (booking->cancelled_by)
		printf(", by user:%lld", (long long)booking->cancelled_by);
	putchar('\n');
	put("title", booking->title);
	put_when("starts", booking->starts_at);
	put_when("ends", booking->ends_at);
	put_label("price");
	put_money(booking->price);
	putchar('\n');
	put_person("parent", booking->parent_id, view->parent_name);
	put_person("student", booking->student_id, view->student_name);
	put_person("teacher", booking->teacher_id, view->teacher_name);
	put_when("created", booking->created_at);
	put("checkout", booking->stripe_session_id);
	put_when("hold until", booking->hold_expires_at);
	put_when("closed", booking->checkout_closed_at);
	put_when("paid", booking->paid_at);
	put_when("cancelled", booking->cancelled_at);
	if (booking->cancellation_reason)
		put("reason", booking->cancellation_reason);
}

static void put_refund_row(const struct story_payment *payment)
{
	struct money another_way = payment->captured;

	another_way.minor = payment->settled_minor;
	printf("    refund %s: %s", payment->refund_id, payment->state);
	also("cause", payment->cause);
	printf(", generation %lld, attempts %lld", (long long)payment->generation,
	       (long long)payment->attempts);
	also("reason", payment->failure_reason);
	also("last error", payment->last_error);
	also("settled by", payment->settled_by);
	also("reference", payment->settled_reference);
	if (another_way.minor > 0) {
		fputs(", another way ", stdout);
		put_money(another_way);
	}
	putchar('\n');
}

static void put_payments(const struct booking_story *story, const struct booking *booking)
{
	printf("\nmoney%s\n", story->payment_count ? "" : ": none was captured");
	for (int i = 0; i < story->payment_count; i++) {
		const struct story_payment *payment = &story->payments[i];

		put_column(payment->payment_intent);
		fputs(": ", stdout);
		put_money(payment->captured);
		fputs(" captured ", stdout);
		ctl_put_instant(payment->captured_at);
		also("charge", payment->charge_id);
		puts(str_eq(payment->payment_intent, booking->payment_intent) ? ", the booking's own" : "");
		if (payment->refund_id)
			put_refund_row(payment);
	}
	for (int i = 0; i < story->refund_count; i++) {
		const struct story_refund *refund = &story->refunds[i];

		put_column(refund->id);
		fputs(": ", stdout);
		put_money(refund->amount);
		printf(" %s", refund->status);
		also("of", refund->payment_intent);
		also("reason", refund->reason);
		also("reference", refund->reference);
		puts(refund->by_hand ? ", made by hand" : "");
	}
}

static void put_mails(const struct booking_story *story)
{
	printf("\nmails%s\n", story->mail_count ? "" : ": none");
	for (int i = 0; i < story->mail_count; i++) {
		const struct story_mail *mail = &story->mails[i];

		printf("  %lld: %s to user:%lld, %s ", (long long)mail->id, mail->kind,
		       (long long)mail->recipient_id, mail->state);
		ctl_put_instant(mail->sent_at);
		printf(", attempts %lld", (long long)mail->attempts);
		also("reply", mail->last_reply);
		also("last error", mail->last_error);
		putchar('\n');
	}
	if (story->meeting_state) {
		printf("\nmeeting: %s", story->meeting_state);
		also("last error", story->meeting_error);
		putchar('\n');
	}
}

static void put_log(const struct booking_log_list *log)
{
	puts("\ntime line");
	for (int i = 0; i < log->count; i++) {
		fputs("  ", stdout);
		ctl_put_instant(log->entries[i].at);
		put_column(log->entries[i].actor);
		put_column(log->entries[i].what);
		if (log->entries[i].detail)
			put_column(log->entries[i].detail);
		putchar('\n');
	}
}

static enum err_kind show_in(struct pg *db, int64_t id, struct arena *arena, int *ret_code, struct err *err)
{
	const struct bookings_reader reader = {.reads_all = true};
	struct booking_log_list log;
	struct booking_story story;
	struct bookings_found found;

	if (bookings_find_view(db, id, &reader, arena, &found, err))
		return err->kind;
	if (!found.found) {
		fprintf(stderr, COMMAND ": no booking %lld\n", (long long)id);
		*ret_code = 1;
		return ERR_OK;
	}
	if (booking_story_find(db, id, arena, &story, err) || booking_log_list(db, id, arena, &log, err))
		return err->kind;
	put_booking(&found.view);
	put_payments(&story, &found.view.booking);
	put_mails(&story);
	put_log(&log);
	return ERR_OK;
}

static enum err_kind show(struct pg *db, void *context, int *ret_code, struct err *err)
{
	const int64_t *id = context;
	struct arena arena;
	enum err_kind kind;

	arena_init(&arena, ARENA_BYTES_MAX);
	kind = show_in(db, *id, &arena, ret_code, err);
	arena_release(&arena);
	return kind;
}

static int command(int argc, char **argv)
{
	int64_t id;

	if (ctl_wants_help(argc, argv))
		return usage();
	if (argc < 2)
		return ctl_wrong(COMMAND, NULL, "which booking? Give its id");
	if (!str_to_int64(argv[1], &id) || id < 1)
		return ctl_wrong(COMMAND, argv[1], "is no booking id: a whole number from 1 on");
	if (!ctl_takes_no_more(COMMAND, argc, argv, 2))
		return EX_USAGE;
	return ctl_with_db(&(struct ctl_work){.name = COMMAND, .run = show, .context = &id});
}

const struct ctl_command ctl_show = {"show", "one booking: status, money, mails, time line", command};
