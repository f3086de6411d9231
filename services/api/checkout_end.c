#include "checkout_end.h"

#include "conclude.h"
#include "log.h"
#include "release.h"
#include "settle.h"
#include "stripe_checkout.h"

/* What Stripe says once it was asked to close it. *ret_proof NOTHING: it could not be asked. */
static enum err_kind ask(struct api *api, const char *id, struct checkout *ret_checkout,
			 enum checkout_proof *ret_proof, struct err *err)
{
	struct stripe_answer answer;
	enum err_kind kind;

	*ret_proof = CHECKOUT_PROVES_NOTHING;
	if (!id)
		return ERR_OK;
	kind = stripe_close_checkout(api->stripe_brief, id, ret_checkout, &answer, err);
	if (!kind) {
		*ret_proof = checkout_prove(ret_checkout);
		return ERR_OK;
	}
	LOG(LOG_WARN, "checkout not closed", LOG_S("checkout", id), LOG_S("code", err->code),
	    LOG_S("why", err->msg));
	return str_eq(err->code, STRIPE_NOT_OPEN) ? kind : ERR_OK;
}

static enum err_kind release(struct api *api, struct http_request *request,
			     const struct checkout_ending *ending, bool is_closed, enum checkout_end *ret_end,
			     struct booking *ret_booking, struct err *err)
{
	const struct caller *caller = request->user;
	const struct release_request wanted = {.booking_id = ending->booking_id,
					       .cause = ending->cause,
					       .by = caller->actor.user_id,
					       .reason = ending->reason,
					       .stripe_session_id = ending->stripe_session_id,
					       .is_closed = is_closed};
	const struct flow flow = api_flow(api, request);
	enum release_outcome outcome;

	if (release_booking(&flow, &wanted, &outcome, ret_booking, err))
		return err->kind;
	switch (outcome) {
	case RELEASED:
		*ret_end = is_closed || !ending->stripe_session_id ? CHECKOUT_END_RELEASED
								   : CHECKOUT_END_UNASKED;
		break;
	case RELEASE_REPEATED:
		*ret_end = CHECKOUT_END_REPEATED;
		break;
	case RELEASE_NOT_PENDING:
		*ret_end = CHECKOUT_END_PAID;
		break;
	case RELEASE_OTHER_CHECKOUT: /* it learned its checkout meanwhile */
	case RELEASE_UNKNOWN_BOOKING:
		return err_set(err, ERR_RETRY, "changed_meanwhile", "the booking changed meanwhile");
	}
	return ERR_OK;
}

enum err_kind checkout_end(struct api *api, struct http_request *request,
			   const struct checkout_ending *ending, enum checkout_end *ret_end,
			   struct booking *ret_booking, struct err *err)
{
	const struct flow flow = api_flow(api, request);
	struct checkout checkout;
	struct concluded concluded;
	struct settled settled;
	enum checkout_proof proof;

	if (ask(api, ending->stripe_session_id, &checkout, &proof, err))
		return err->kind;
	switch (proof) {
	case CHECKOUT_PROVES_PAID:
	case CHECKOUT_PROVES_FREE:
		if (settle_checkout(&flow, ending->booking_id, &checkout, &settled, err))
			return err->kind;
		*ret_booking = settled.booking;
		*ret_end = CHECKOUT_END_PAID;
		return ERR_OK;
	case CHECKOUT_PROVES_UNPAID:
	case CHECKOUT_PROVES_FAILED:
		return release(api, request, ending, true, ret_end, ret_booking, err);
	case CHECKOUT_PROVES_WAIT:
		if (ending->waits) {
			*ret_end = CHECKOUT_END_WAITING;
			return conclude_checkout(&flow, ending->booking_id, &checkout, proof, &concluded,
						 err);
		}
		if (release(api, request, ending, false, ret_end, ret_booking, err))
			return err->kind;
		if (*ret_end == CHECKOUT_END_UNASKED)
			*ret_end = CHECKOUT_END_UNDECIDED;
		return ERR_OK;
	case CHECKOUT_PROVES_NOTHING:
		return release(api, request, ending, false, ret_end, ret_booking, err);
	}
	return ERR_OK;
}
