#include "conclude.h"

#include "checkouts.h"
#include "flow_private.h"
#include "release.h"

static enum err_kind settle(const struct flow *flow, int64_t booking_id, const struct checkout *checkout,
			    struct concluded *ret_concluded, struct err *err)
{
	struct settled settled;

	if (settle_checkout(flow, booking_id, checkout, &settled, err))
		return err->kind;
	switch (settled.outcome) {
	case SETTLE_DECIDED:
		*ret_concluded =
			(struct concluded){.conclusion = CONCLUDED_SETTLED, .decision = settled.decision};
		break;
	case SETTLE_REPEATED:
		*ret_concluded = (struct concluded){.conclusion = CONCLUDED_BEFORE};
		break;
	case SETTLE_UNKNOWN_BOOKING:
		*ret_concluded = (struct concluded){.conclusion = CONCLUDED_NOTHING};
		break;
	}
	return ERR_OK;
}

static enum conclusion conclusion_of(enum release_outcome outcome)
{
	switch (outcome) {
	case RELEASED:
		return CONCLUDED_RELEASED;
	case RELEASE_REPEATED:
	case RELEASE_NOT_PENDING:
		return CONCLUDED_BEFORE;
	case RELEASE_OTHER_CHECKOUT:
	case RELEASE_UNKNOWN_BOOKING:
		return CONCLUDED_NOTHING;
	}
	return CONCLUDED_NOTHING;
}

static enum err_kind release(const struct flow *flow, const struct release_request *request,
			     struct concluded *ret_concluded, struct err *err)
{
	enum release_outcome outcome;
	struct booking booking;

	if (release_booking(flow, request, &outcome, &booking, err))
		return err->kind;
	*ret_concluded = (struct concluded){.conclusion = conclusion_of(outcome), .cause = request->cause};
	return ERR_OK;
}

struct awaiting {
	int64_t booking_id;
	const struct checkout *checkout;
};

static enum err_kind await_once(void *context, struct pg *db, struct err *err)
{
	const struct awaiting *awaiting = context;

	return checkouts_record_awaited(db, awaiting->booking_id, awaiting->checkout->id, err);
}

enum err_kind conclude_checkout(const struct flow *flow, int64_t booking_id, const struct checkout *checkout,
				enum checkout_proof proof, struct concluded *ret_concluded, struct err *err)
{
	struct release_request request = {
		.booking_id = booking_id, .stripe_session_id = checkout->id, .is_closed = true};
	struct awaiting awaiting = {booking_id, checkout};

	switch (proof) {
	case CHECKOUT_PROVES_PAID:
	case CHECKOUT_PROVES_FREE:
		return settle(flow, booking_id, checkout, ret_concluded, err);
	case CHECKOUT_PROVES_UNPAID:
		request.cause = CAUSE_CHECKOUT_EXPIRED;
		return release(flow, &request, ret_concluded, err);
	case CHECKOUT_PROVES_FAILED:
		request.cause = CAUSE_CHECKOUT_FAILED;
		return release(flow, &request, ret_concluded, err);
	case CHECKOUT_PROVES_WAIT:
		if (flow_run(flow, await_once, &awaiting, err))
			return err->kind;
		break;
	case CHECKOUT_PROVES_NOTHING:
		break;
	}
	*ret_concluded = (struct concluded){.conclusion = CONCLUDED_NOTHING};
	return ERR_OK;
}
