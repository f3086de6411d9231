/* reconcile.h: what the files of the subcommand reconcile share: reconcile.c (wiring), reconcile_gather.c (what Stripe has),
 * reconcile_report.c (what is printed). */
#ifndef CTL_RECONCILE_H
#define CTL_RECONCILE_H

#include <stdint.h>

#include "ctl_stripe.h"
#include "progress.h"
#include "reconcile_rows.h"

struct reconciling {
	const struct ctl_stripe *link;
	struct reconcile_window window;
	struct arena *arena; /* of a page */
	bool as_json;
	int64_t lines, differences; /* printed */
	int64_t foreign_payments, foreign_refunds;
	int64_t unread;  /* objects of others at Stripe that do not read */
	int64_t charges; /* payments that are not compared */
};

/* Everything that Stripe has in the window, and every row's object that its lists did not show, into the temporary tables. Many
 * requests to Stripe, one after the other. */
enum err_kind reconcile_gather(struct reconciling *r, struct err *err) MUST_CHECK;

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
void report_begin(const struct reconciling *r);
void report_line(struct reconciling *r, const struct report_line *line); /* counts it */
void report_end(const struct reconciling *r);

#endif
