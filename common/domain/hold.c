#include "hold.h"

#include "str.h"

#define US_PER_S INT64_C(1000000)

static bool is_hold_of(const struct booking *rival, const struct hold_request *request)
{
	return rival->parent_id == request->parent_id && rival->status == BOOKING_PENDING;
}

static bool is_live_hold_of(const struct booking *rival, const struct hold_request *request,
			    struct instant now)
{
	return is_hold_of(rival, request) && rival->hold_expires_at.us > now.us;
}

static bool is_same(const struct booking *rival, const struct hold_request *request,
		    const struct offer *offer)
{
	return rival->offer_id == offer->id && rival->student_id == request->student_id
	       && rival->starts_at.us == request->starts_at.us;
}

static enum err_kind check_offer(const struct hold_facts *facts, struct err *err)
{
	if (facts->offer_count == 0)
		return err_set(err, ERR_REJECT, "not_offered", "the teacher does not offer this");
	if (facts->offer_count > 1)
		return err_set(err, ERR_REJECT, "offer_needed", "the teacher has several offers");
	if (!facts->student_is_own)
		return err_set(err, ERR_REJECT, "not_your_student", "no student of this parent");
	return ERR_OK;
}

static enum err_kind check_time(const struct hold_request *request, const struct hold_facts *facts,
				struct err *err)
{
	int64_t ahead_us = request->starts_at.us - facts->now.us;

	if (ahead_us <= 0 || ahead_us < facts->offer.min_notice_s * US_PER_S)
		return err_set(err, ERR_REJECT, "too_soon", "it starts too soon");
	if (ahead_us > HOLD_AHEAD_S * US_PER_S)
		return err_set(err, ERR_REJECT, "too_far", "it starts too far ahead");
	return ERR_OK;
}

enum err_kind hold_decide(const struct hold_request *request, const struct hold_facts *facts,
			  int64_t holds_max, enum hold_outcome *ret_outcome, struct err *err)
{
	if (check_offer(facts, err))
		return err->kind;
	if (facts->rival && is_hold_of(facts->rival, request) && facts->rival->payment_awaited)
		return err_set(err, ERR_REJECT, "payment_awaited", "the parent's payment is being processed");
	if (facts->rival && is_live_hold_of(facts->rival, request, facts->now)) {
		if (!is_same(facts->rival, request, &facts->offer))
			return err_set(err, ERR_REJECT, "own_hold", "the parent holds this time already");
		*ret_outcome = HOLD_SAME;
		return ERR_OK;
	}
	if (check_time(request, facts, err))
		return err->kind;
	if (facts->rival && is_hold_of(facts->rival, request))
		return err_set(err, ERR_REJECT, "hold_ends", "the parent's hold is over and being closed");
	if (facts->rival)
		return err_set(err, ERR_REJECT, "slot_taken", "the teacher is booked then");
	if (holds_max && facts->live_holds >= holds_max)
		return err_set(err, ERR_REJECT, "too_many_holds", "too many bookings wait for payment");
	*ret_outcome = HOLD_NEW;
	return ERR_OK;
}

bool hold_takes_notes(const struct hold_request *request, const struct booking *hold)
{
	return request->has_notes && !str_eq(request->notes, hold->notes);
}

struct instant hold_end(struct instant now, int64_t hold_s)
{
	return (struct instant){(now.us / US_PER_S + hold_s) * US_PER_S};
}
