/* hold_look.c: asking Stripe how the checkout of a booking stands. */
#include "hold.h"
#include "release.h"
#include "stripe_checkout.h"

#define POOL_WAIT_MS 5000

static void note(struct hold *hold, const char *call)
{
	reaper_note(hold->reaper, &hold->answer, call);
	hold->calls++;
}

static bool is_on(const struct hold *hold)
{
	const struct booking *booking = &hold->claim->booking;

	return booking->status == BOOKING_PENDING && !instant_is_none(booking->hold_expires_at)
	       && hold->claim->now.us < booking->hold_expires_at.us;
}

/* The checkout's id, into the booking. Somebody else's id there is theirs: looked at with the next claim. */
static enum err_kind remember(struct hold *hold, struct err *err)
{
	struct booking *booking = &hold->claim->booking;
	enum booking_status status;
	struct pg *db = NULL;
	bool is_its = false;
	enum err_kind kind = pg_pool_take(hold->db, POOL_WAIT_MS, &db, err);

	if (!kind)
		kind = checkouts_record_made(db, booking->id, hold->checkout.id, hold->checkout.url, &status,
					     &is_its, err);
	pg_pool_give(hold->db, db);
	if (kind)
		return kind;
	if (!is_its)
		return err_set(err, ERR_RETRY, "other_checkout", "the booking has another checkout by now");
	booking->stripe_session_id = hold->checkout.id;
	return ERR_OK;
}

/* The key's answer is lost, frozen, of other settings or of yesterday: the list knows what was made. */
static enum err_kind search(struct hold *hold, const struct checkout_order *order, struct err *err)
{
	struct instant from = {hold->claim->booking.created_at.us - CHECKOUT_OLDER_US};
	enum err_kind kind = stripe_find_checkout(hold->reaper->link.stripe, order, from, &hold->checkout,
						  &hold->answer, err);

	note(hold, "find_checkout");
	if (kind)
		return kind;
	if (hold->checkout.id[0])
		return remember(hold, err);
	hold->found = HOLD_NEVER_MADE;
	return ERR_OK;
}

/* T2 never happened (F28, crash after the creation): the same request under the same key gives the checkout, or proves that there is none.
 * The hold is over, so a request that Stripe never saw before is refused for its expires_at. */
static enum err_kind recover(struct hold *hold, const struct job *job, struct err *err)
{
	const struct booking *booking = &hold->claim->booking;
	const struct checkout_order order = {booking, hold->reaper->link.instance_id,
					     hold->reaper->settings->frontend_url};
	enum err_kind kind;

	if (instant_is_none(booking->hold_expires_at))
		return search(hold, &order, err);
	kind = stripe_create_checkout(hold->reaper->link.stripe, &order, job->traceparent, &hold->checkout,
				      &hold->answer, err);
	note(hold, "create_checkout");
	if (kind == ERR_OK)
		return remember(hold, err);
	if (kind == ERR_REJECT || hold->answer.refund_answer == REFUND_ANSWER_REPLAYED_ERROR)
		return search(hold, &order, err);
	return kind;
}

static enum err_kind ask(struct hold *hold, struct err *err)
{
	struct stripe *stripe = hold->reaper->link.stripe;
	const char *id = hold->claim->booking.stripe_session_id;
	bool only_looks = is_on(hold);
	enum err_kind kind = only_looks
				     ? stripe_get_checkout(stripe, id, &hold->checkout, &hold->answer, err)
				     : stripe_close_checkout(stripe, id, &hold->checkout, &hold->answer, err);

	note(hold, only_looks ? "get_checkout" : "close_checkout");
	if (kind)
		return kind;
	switch (checkout_prove(&hold->checkout)) {
	case CHECKOUT_PROVES_NOTHING:
		hold->found = HOLD_STILL_ON;
		break;
	case CHECKOUT_PROVES_WAIT:
		hold->found = HOLD_AWAITED;
		break;
	case CHECKOUT_PROVES_PAID:
	case CHECKOUT_PROVES_FREE:
	case CHECKOUT_PROVES_UNPAID:
	case CHECKOUT_PROVES_FAILED:
		hold->found = HOLD_SEEN;
		break;
	}
	return ERR_OK;
}

enum err_kind hold_look(struct hold *hold, const struct job *job, struct err *err)
{
	enum err_kind kind = ERR_OK;

	if (!hold->claim->booking.stripe_session_id) {
		if (is_on(hold)) { /* whoever books is still at it */
			hold->found = HOLD_STILL_ON;
			return ERR_OK;
		}
		kind = recover(hold, job, err);
	}
	if (kind || hold->found == HOLD_NEVER_MADE)
		return kind;
	return ask(hold, err);
}

enum err_kind hold_release_unmade(const struct hold *hold, const struct job *job, struct err *err)
{
	const struct flow flow = {.db = hold->db,
				  .arena = job->arena,
				  .actor = UNBOOK_SERVICE,
				  .traceparent = job->traceparent,
				  .doorbell_ms = hold->reaper->settings->worker.doorbell_ms};
	const struct release_request request = {
		.booking_id = hold->claim->booking.id, .cause = CAUSE_CHECKOUT_FAILED, .is_closed = true};
	enum release_outcome outcome;
	struct booking booking;

	return release_booking(&flow, &request, &outcome, &booking, err);
}
