/* reconcile_gather.c: what Stripe has, page by page into the temporary tables. */
#include <stdio.h>

#include "patience.h"
#include "reconcile.h"
#include "str.h"
#include "stripe_lists.h"

#define ID_BYTES  256
#define NOT_FOUND 404
#define NOT_SENT  0

/* Where a list stands. */
struct listing {
	char after[ID_BYTES]; /* "": the first page */
	bool has_more;
	int64_t seen;
	struct progress progress;
};

static struct stripe_list_query query_of(const struct reconciling *r, const struct listing *list)
{
	return (struct stripe_list_query){.from = r->window.from,
					  .until = r->window.until,
					  .after = list->after[0] ? list->after : NULL};
}

static enum err_kind turn_page(struct listing *list, bool has_more, const char *last_id, size_t count,
			       struct err *err)
{
	list->seen += (int64_t)count;
	list->has_more = has_more;
	progress_move(&list->progress, list->seen);
	if (has_more && !str_copy(list->after, sizeof list->after, last_id))
		return err_set(err, ERR_UNSURE, "stripe_bad_answer", "the last id of a page is too long");
	return ERR_OK;
}

static enum err_kind payments_page(struct reconciling *r, struct listing *list, struct err *err)
{
	const struct stripe_list_query query = query_of(r, list);
	struct stripe_payment_page page;
	struct patience patience = {0};
	enum err_kind kind;

	do
		kind = stripe_list_payments_page(r->link->stripe, &query, r->arena, &page, err);
	while (patience_again(&patience, kind));
	if (kind)
		return err_while(err, "list the payments at Stripe");
	if (reconcile_rows_add_payments(r->link->db, page.payments, page.count, err))
		return err->kind;
	r->unread += (int64_t)page.unread;
	return turn_page(list, page.has_more, page.last_id, page.count, err);
}

static enum err_kind refunds_page(struct reconciling *r, struct listing *list, struct err *err)
{
	const struct stripe_list_query query = query_of(r, list);
	struct stripe_refund_page page;
	struct patience patience = {0};
	enum err_kind kind;

	do
		kind = stripe_list_refunds_page(r->link->stripe, &query, r->arena, &page, err);
	while (patience_again(&patience, kind));
	if (kind)
		return err_while(err, "list the refunds at Stripe");
	if (reconcile_rows_add_refunds(r->link->db, page.refunds, page.count, err))
		return err->kind;
	r->unread += (int64_t)page.unread;
	return turn_page(list, page.has_more, page.last_id, page.count, err);
}

static enum err_kind list_all(struct reconciling *r, const char *what,
			      enum err_kind (*page)(struct reconciling *, struct listing *, struct err *),
			      struct err *err)
{
	struct listing list = {.has_more = true};
	enum err_kind kind = ERR_OK;

	progress_start(&list.progress, what, 0);
	while (!kind && list.has_more) {
		kind = page(r, &list, err);
		arena_reset(r->arena);
	}
	progress_clear(&list.progress);
	return kind;
}

bool reconcile_is_not_there(enum err_kind kind, const struct stripe_answer *answer)
{
	return kind == ERR_REJECT
	       && (answer->http_status == NOT_FOUND || answer->http_status == NOT_SENT
		   || str_eq(answer->code, "resource_missing"));
}

/* It may be older at Stripe than its row is here. */
static enum err_kind ask_payment(struct reconciling *r, const struct reconcile_unseen *row, struct err *err)
{
	struct patience patience = {0};
	struct stripe_payment found;
	struct stripe_answer answer;
	enum err_kind kind;

	do
		kind = stripe_get_payment(r->link->stripe, row->id, &found, &answer, err);
	while (patience_again(&patience, kind));
	if (!kind)
		return reconcile_rows_add_payments(r->link->db, &found, 1, err);
	if (reconcile_is_not_there(kind, &answer))
		return ERR_OK;
	return err_while(err, "get payment %.64s at Stripe", row->id);
}

/* Whosever it is: of another payment than its row says is what is looked for. */
static enum err_kind ask_refund(struct reconciling *r, const struct reconcile_unseen *row, struct err *err)
{
	const struct refund anybodys = {0};
	struct patience patience = {0};
	struct stripe_answer answer;
	enum err_kind kind;

	do
		kind = stripe_get_refund(r->link->stripe, &anybodys, row->id, &answer, err);
	while (patience_again(&patience, kind));
	if (!kind)
		return reconcile_rows_add_refunds(r->link->db, &answer.refund, 1, err);
	if (reconcile_is_not_there(kind, &answer))
		return ERR_OK;
	return err_while(err, "get refund %.64s at Stripe", row->id);
}

struct asking {
	const char *what;
	enum err_kind (*find)(struct pg *, const struct reconcile_walk *, struct reconcile_unseen_page *,
			      struct err *);
	enum err_kind (*ask)(struct reconciling *, const struct reconcile_unseen *, struct err *);
};

static enum err_kind ask_all(struct reconciling *r, const struct asking *asking, struct err *err)
{
	struct reconcile_unseen_page page = {.count = RECONCILE_PAGE_MAX};
	char after[ID_BYTES] = "";
	struct progress progress;
	enum err_kind kind = ERR_OK;
	int64_t asked = 0;

	progress_start(&progress, asking->what, 0);
	while (!kind && page.count == RECONCILE_PAGE_MAX) {
		const struct reconcile_walk walk = {&r->window, after, r->arena};

		kind = asking->find(r->link->db, &walk, &page, err);
		for (int i = 0; !kind && i < page.count; i++) {
			kind = asking->ask(r, &page.rows[i], err);
			(void)str_copy(after, sizeof after, page.rows[i].id);
			progress_move(&progress, ++asked);
		}
		arena_reset(r->arena);
	}
	progress_clear(&progress);
	return kind;
}

enum err_kind reconcile_gather(struct reconciling *r, struct err *err)
{
	static const struct asking payments = {"asking Stripe about payments", reconcile_rows_unseen_payments,
					       ask_payment};
	static const struct asking refunds = {"asking Stripe about refunds", reconcile_rows_unseen_refunds,
					      ask_refund};

	if (reconcile_rows_begin(r->link->db, err) || list_all(r, "payments at Stripe", payments_page, err)
	    || list_all(r, "refunds at Stripe", refunds_page, err) || ask_all(r, &payments, err)
	    || ask_all(r, &refunds, err))
		return err->kind;
	return ERR_OK;
}
