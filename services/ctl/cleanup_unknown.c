#include "cleanup_unknown.h"

#include <stdio.h>

#include "bookings.h"
#include "ctl.h"
#include "orphan.h"
#include "release.h"
#include "str.h"

#define DOORBELL_MS     15000 /* as the services' default */
#define ARENA_BYTES_MAX (1u << 20)

/* NULL: nothing speaks against it. Its id tells the mode that it was made in, where it tells one. */
static const char *objection(const struct ctl_stripe *link, const struct orphan *orphan)
{
	const struct booking *booking = orphan->booking;
	bool is_live = stripe_is_live(link->stripe);

	if (booking->status == BOOKING_CONFIRMED || booking->status == BOOKING_COMPLETED)
		return "left: it is paid for";
	if (!instant_is_none(booking->checkout_closed_at))
		return "left: nobody asks Stripe about it any more";
	if (booking->status == BOOKING_PENDING && orphan_is_held(orphan))
		return "left: its hold is not over";
	if (orphan->found != ORPHAN_UNKNOWN_THERE)
		return "left: unbookctl cleanup and the reaper end it on Stripe's word";
	if (str_starts(booking->stripe_session_id, is_live ? "cs_test_" : "cs_live_"))
		return "left: its checkout is of the other mode, test or live, than the key";
	return NULL;
}

static enum err_kind end(const struct ctl_stripe *link, const struct cleanup_unknown *unknown,
			 const struct booking *booking, struct arena *arena, const char **ret_word,
			 struct err *err)
{
	const struct flow flow = {
		.db = link->pool, .arena = arena, .actor = unknown->actor, .doorbell_ms = DOORBELL_MS};
	const struct release_request request = {.booking_id = booking->id,
						.cause = CAUSE_ADMIN,
						.reason = "Stripe does not know its checkout",
						.stripe_session_id = booking->stripe_session_id,
						.is_closed = true,
						.is_given_up = true};
	enum release_outcome outcome;
	struct booking after;

	if (release_booking(&flow, &request, &outcome, &after, err))
		return err->kind;
	switch (outcome) {
	case RELEASED:
		*ret_word = "Cancelled (admin); Stripe is not asked about it again";
		break;
	case RELEASE_REPEATED:
		*ret_word = "Stripe is not asked about it again";
		break;
	case RELEASE_NOT_PENDING:
	case RELEASE_OTHER_CHECKOUT:
	case RELEASE_UNKNOWN_BOOKING:
		return err_set(err, ERR_RETRY, "changed_meanwhile", "the booking has changed meanwhile");
	}
	return ERR_OK;
}

static enum err_kind end_found(const struct ctl_stripe *link, const struct cleanup_unknown *unknown,
			       const struct bookings_found *found, struct arena *arena, int *ret_code,
			       struct err *err)
{
	struct orphan orphan = {.booking = &found->view.booking, .now = found->now};
	const char *word;

	orphan_look(link, &orphan);
	if (orphan.found == ORPHAN_NO_ANSWER) {
		*err = orphan.why;
		return err->kind;
	}
	word = objection(link, &orphan);
	*ret_code = word ? 1 : 0;
	if (!word && unknown->only_says)
		word = orphan.booking->status == BOOKING_PENDING
			       ? "would be Cancelled (admin), and Stripe not asked about it again"
			       : "Stripe would not be asked about it again";
	else if (!word && end(link, unknown, orphan.booking, arena, &word, err))
		return err->kind;
	orphan_print(&orphan);
	printf("  -> %s\n", word);
	return ERR_OK;
}

enum err_kind cleanup_unknown(const struct ctl_stripe *link, void *context, int *ret_code, struct err *err)
{
	const struct bookings_reader everybody = {.reads_all = true};
	const struct cleanup_unknown *unknown = context;
	struct bookings_found found = {0};
	struct arena arena;
	enum err_kind kind;

	arena_init(&arena, ARENA_BYTES_MAX);
	kind = bookings_find_view(link->db, unknown->booking_id, &everybody, &arena, &found, err);
	if (!kind && !found.found) {
		fprintf(stderr, "unbookctl cleanup: there is no booking %lld\n",
			(long long)unknown->booking_id);
		*ret_code = 1;
	} else if (!kind) {
		kind = end_found(link, unknown, &found, &arena, ret_code, err);
	}
	arena_release(&arena);
	return kind;
}
