/* reconcile.h: what the files of the subcommand reconcile share: reconcile.c (wiring), reconcile_gather.c (what Stripe has),
 * reconcile_report.c (what is printed). */
#ifndef CTL_RECONCILE_H
#define CTL_RECONCILE_H

#include <stdint.h>
#include <stdio.h>

#include "ctl_stripe.h"
#include "progress.h"
#include "reconcile_rows.h"

struct reconciling {
	const struct ctl_stripe *link;
	struct reconcile_window window;
	struct arena *arena; /* of a page */
	bool as_json;
	FILE *out;                  /* the report as far as it goes; owned by the caller of report_begin */
	int64_t lines, differences; /* in it */
	int64_t foreign_payments, foreign_refunds;
	int64_t unread;  /* objects of others at Stripe that do not read */
	int64_t charges; /* payments that are not compared */
};

/* Everything that Stripe has in the window, and every row's object that its lists did not show, into the temporary tables. Many
 * requests to Stripe, one after the other. */
enum err_kind reconcile_gather(struct reconciling *r, struct err *err) MUST_CHECK;

/* Did Stripe say that it has no such object? An id that nothing at Stripe can have is not even asked for. */
bool reconcile_is_not_there(enum err_kind kind, const struct stripe_answer *answer);

/* A line of the report: a difference, or a sum. Texts borrowed; NULL is an empty field. */
struct report_line {
	const char *object; /* "payment", "refund", "request" */
	const char *day, *currency;
	const char *id;
	int64_t booking_id; /* 0: not known */
	const char *what;   /* of a difference; NULL: a sum */
	int64_t stripe_count, tables_count;
	int64_t stripe_minor, tables_minor;
	const char *stripe_status, *tables_status;
};
/* Opens r->out. Errors RETRY no_file: a temporary file cannot be made or written. */
enum err_kind report_begin(struct reconciling *r, struct err *err) MUST_CHECK;
void report_line(struct reconciling *r, const struct report_line *line); /* counts it */
/* The whole report goes to stdout, of which nothing was written before. */
enum err_kind report_end(const struct reconciling *r, struct err *err) MUST_CHECK;

#endif
