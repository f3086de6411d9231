#include "orphan.h"

#include <stdio.h>

#include "orphans.h"
#include "progress.h"
#include "stripe_checkout.h"

#define ARENA_BYTES_MAX     (8u << 20)
#define SILENT_IN_A_ROW_MAX 3
#define NOT_FOUND           404

bool orphan_is_held(const struct orphan *orphan)
{
	struct instant end = orphan->booking->hold_expires_at;

	return !instant_is_none(end) && orphan->now.us < end.us;
}

/* T2 never happened: only the list can tell whether there is a checkout. */
static enum err_kind search(const struct ctl_stripe *link, struct orphan *orphan)
{
	const struct checkout_order order = {.booking = orphan->booking, .instance_id = link->instance_id};
	const struct instant from = {orphan->booking->created_at.us - CHECKOUT_OLDER_US};
	struct stripe_answer answer;

	orphan->found = ORPHAN_SEEN;
	if (stripe_find_checkout(link->stripe, &order, from, &orphan->checkout, &answer, &orphan->why))
		return orphan->why.kind;
	if (!orphan->checkout.id[0])
		orphan->found = ORPHAN_NEVER_MADE;
	return ERR_OK;
}

static enum err_kind get(const struct ctl_stripe *link, struct orphan *orphan)
{
	const char *id = orphan->booking->stripe_session_id;
	struct stripe_answer answer;

	orphan->found = ORPHAN_SEEN;
	if (!stripe_get_checkout(link->stripe, id, &orphan->checkout, &answer, &orphan->why))
		return ERR_OK;
	if (answer.http_status != NOT_FOUND || orphan->why.kind != ERR_REJECT)
		return orphan->why.kind;
	orphan->found = ORPHAN_UNKNOWN_THERE;
	return ERR_OK;
}

void orphan_look(const struct ctl_stripe *link, struct orphan *orphan)
{
	if (orphan->booking->stripe_session_id ? get(link, orphan) : search(link, orphan))
		orphan->found = ORPHAN_NO_ANSWER;
}

/* Where a walk stands. */
struct walking {
	const struct ctl_stripe *link;
	const struct orphan_walk *walk;
	struct orphans_query query;
	struct progress progress;
	int64_t done;
	int silent; /* in a row */
};

static enum err_kind visit(struct walking *w, const struct booking *booking, struct instant now,
			   struct err *err)
{
	struct orphan orphan = {.booking = booking, .now = now};

	orphan_look(w->link, &orphan);
	w->silent = orphan.found == ORPHAN_NO_ANSWER ? w->silent + 1 : 0;
	progress_clear(&w->progress);
	if (w->walk->visit(w->walk->context, w->link, &orphan, err))
		return err->kind;
	progress_move(&w->progress, ++w->done);
	if (w->silent == SILENT_IN_A_ROW_MAX)
		return err_set(err, ERR_RETRY, "stripe_away", "Stripe does not answer: %.100s (%s)",
			       orphan.why.msg, orphan.why.code);
	return ERR_OK;
}

static enum err_kind walk_page(struct walking *w, struct arena *arena, bool *ret_is_last, struct err *err)
{
	struct orphans_page page;

	if (orphans_list(w->link->db, &w->query, arena, &page, err))
		return err->kind;
	for (int i = 0; i < page.count; i++) {
		const struct booking *booking = &page.bookings[i];

		if (visit(w, booking, page.now, err))
			return err->kind;
		w->query.after_at = booking->created_at;
		w->query.after_id = booking->id;
	}
	*ret_is_last = page.count < ORPHANS_PAGE_MAX;
	return ERR_OK;
}

enum err_kind orphan_walk(const struct ctl_stripe *link, const struct orphan_walk *walk, struct err *err)
{
	struct walking w = {.link = link,
			    .walk = walk,
			    .query = {.older_than_s = walk->older_than_s, .after_at = INSTANT_NONE}};
	enum err_kind kind;
	bool is_last = false;
	struct arena arena;
	int64_t total = 0;

	kind = orphans_count(link->db, walk->older_than_s, &total, err);
	progress_start(&w.progress, walk->what, total);
	arena_init(&arena, ARENA_BYTES_MAX);
	while (!kind && !is_last) {
		kind = walk_page(&w, &arena, &is_last, err);
		arena_reset(&arena);
	}
	arena_release(&arena);
	progress_clear(&w.progress);
	return kind;
}

static void print_checkout(const struct checkout *checkout)
{
	switch (checkout_prove(checkout)) {
	case CHECKOUT_PROVES_NOTHING:
		fputs("open, nobody has paid; can be paid until ", stdout);
		ctl_put_instant(checkout->expires_at);
		break;
	case CHECKOUT_PROVES_WAIT:
		fputs("complete, a delayed payment has not decided yet", stdout);
		break;
	case CHECKOUT_PROVES_PAID:
		fputs("paid, by ", stdout);
		ctl_put_text(checkout->payment_intent);
		break;
	case CHECKOUT_PROVES_FREE:
		fputs("complete, there was nothing to pay", stdout);
		break;
	case CHECKOUT_PROVES_UNPAID:
		fputs("expired, nobody has paid", stdout);
		break;
	case CHECKOUT_PROVES_FAILED:
		fputs("complete, the delayed payment has failed", stdout);
		break;
	}
}

void orphan_print(const struct orphan *orphan)
{
	const struct booking *booking = orphan->booking;

	printf("booking %lld  created ", (long long)booking->id);
	ctl_put_instant(booking->created_at);
	printf("  student user:%lld  teacher user:%lld  checkout ", (long long)booking->student_id,
	       (long long)booking->teacher_id);
	ctl_put_text(booking->stripe_session_id);
	fputs("  Stripe: ", stdout);
	switch (orphan->found) {
	case ORPHAN_SEEN:
		print_checkout(&orphan->checkout);
		break;
	case ORPHAN_NEVER_MADE:
		fputs("no checkout of it was ever made", stdout);
		break;
	case ORPHAN_UNKNOWN_THERE:
		fputs("does not know this checkout", stdout);
		break;
	case ORPHAN_NO_ANSWER:
		printf("no answer (%s)", orphan->why.code);
		break;
	}
}
