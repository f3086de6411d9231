/* reconcile_rows.h: what Stripe has, beside the rows of the tables. Stripe's side is put into temporary tables of one connection, so that
 * memory stays bounded whatever there is; nothing else is written. Call in the order of this file, on one connection. */
#ifndef RECONCILE_ROWS_H
#define RECONCILE_ROWS_H

#include "pg.h"
#include "reconcile.h"

/* What is compared: all that Stripe made in this span, and all rows of this span. */
struct reconcile_window {
	struct instant from;     /* that time or later */
	struct instant until;    /* before it */
	const char *instance_id; /* of this database */
};

/* The window that ends with the second so many seconds ago, by the database's clock. from INSTANT_NONE: the start of the UTC day of a week ago. */
enum err_kind reconcile_rows_window(struct pg *db, struct instant from, int64_t grace_s,
				    struct reconcile_window *ret_window, struct err *err) MUST_CHECK;

/* Make the temporary tables, empty. Once on a connection. */
enum err_kind reconcile_rows_begin(struct pg *db, struct err *err) MUST_CHECK;

/* Stripe has these; again changes nothing. */
enum err_kind reconcile_rows_add_payments(struct pg *db, const struct stripe_payment *payments, size_t count,
					  struct err *err) MUST_CHECK;
enum err_kind reconcile_rows_add_refunds(struct pg *db, const struct stripe_refund *refunds, size_t count,
					 struct err *err) MUST_CHECK;

#define RECONCILE_PAGE_MAX 500
/* Where a walk over rows of the window stands; after "": at the start. */
struct reconcile_walk {
	const struct reconcile_window *window;
	const char *after; /* the id of the last row of the page before */
	struct arena *arena;
};

/* Rows of the window that Stripe has not been seen to have: each must be asked for by its id. */
struct reconcile_unseen {
	const char *id;             /* pi_... or re_... */
	const char *payment_intent; /* of a refund */
};
struct reconcile_unseen_page {
	int count;
	struct reconcile_unseen *rows; /* in the arena; less than RECONCILE_PAGE_MAX: the last page */
};
enum err_kind reconcile_rows_unseen_payments(struct pg *db, const struct reconcile_walk *walk,
					     struct reconcile_unseen_page *ret_page,
					     struct err *err) MUST_CHECK;
enum err_kind reconcile_rows_unseen_refunds(struct pg *db, const struct reconcile_walk *walk,
					    struct reconcile_unseen_page *ret_page,
					    struct err *err) MUST_CHECK;

/* Put both sides beside each other, as they are now. */
enum err_kind reconcile_rows_pair(struct pg *db, const struct reconcile_window *window,
				  struct err *err) MUST_CHECK;

/* A pair, or one side alone. */
struct reconcile_payment_pair {
	const char *id;
	const char *day; /* "2026-11-25": by Stripe's clock, where Stripe has it */
	bool is_there, is_here, is_marked;
	struct stripe_payment theirs;
	struct reconcile_payment ours;
};
struct reconcile_refund_pair {
	const char *id, *day;
	int64_t booking_id; /* 0: not known */
	bool is_there, is_here, is_of_ours;
	struct stripe_refund theirs;
	struct reconcile_refund ours;
};
struct reconcile_payment_page {
	int count;
	struct reconcile_payment_pair *pairs; /* in the arena */
};
struct reconcile_refund_page {
	int count;
	struct reconcile_refund_pair *pairs; /* in the arena */
};
/* At most RECONCILE_PAGE_MAX, in the order of time. after: how many have been read. */
enum err_kind reconcile_rows_payment_pairs(struct pg *db, int64_t after, struct arena *arena,
					   struct reconcile_payment_page *ret_page,
					   struct err *err) MUST_CHECK;
enum err_kind reconcile_rows_refund_pairs(struct pg *db, int64_t after, struct arena *arena,
					  struct reconcile_refund_page *ret_page, struct err *err) MUST_CHECK;

/* What was captured and what was given back, per UTC day and currency, on both sides; what is foreign is left out, and so is a refund that
 * has failed. */
struct reconcile_sum {
	const char *object; /* "payment", "refund" */
	const char *day, *currency;
	int64_t stripe_count, tables_count;
	int64_t stripe_minor, tables_minor;
};
struct reconcile_sums {
	int count;
	struct reconcile_sum *sums; /* in the arena */
};
enum err_kind reconcile_rows_sums(struct pg *db, struct arena *arena, struct reconcile_sums *ret_sums,
				  struct err *err) MUST_CHECK;

/* Rows of `refunds` that changed in the window and are not being sent. Of those that were settled elsewhere only what stands in the view
 * given_back_twice, also when Stripe's refund alone is of the window. */
struct reconcile_request {
	const char *id, *day, *payment_intent;
	int64_t booking_id;
	struct money captured;
	enum refund_state state;
	bool is_twice;
	int64_t live_minor; /* of what Stripe was seen to have; more of it may be older than the window */
};
struct reconcile_request_page {
	int count;
	struct reconcile_request *requests; /* in the arena */
};
enum err_kind reconcile_rows_requests(struct pg *db, const struct reconcile_walk *walk,
				      struct reconcile_request_page *ret_page, struct err *err) MUST_CHECK;

/* Payments of the window that are known by their charge only, and so are not compared. */
enum err_kind reconcile_rows_count_charges(struct pg *db, const struct reconcile_window *window,
					   int64_t *ret_count, struct err *err) MUST_CHECK;

#endif
