#include "session_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ical.h"
#include "rfc3339.h"
#include "session_refund.h"

#define US_PER_S INT64_C(1000000)

void session_encode_text(const char *text, struct buf *out)
{
	if (!text) {
		buf_add(out, "null");
		return;
	}
	buf_add(out, "\"");
	buf_add_json(out, text);
	buf_add(out, "\"");
}

void session_encode_instant(struct instant at, struct buf *out)
{
	char text[RFC3339_BYTES];

	if (instant_is_none(at)) {
		buf_add(out, "null");
		return;
	}
	rfc3339_encode(at, text);
	buf_addf(out, "\"%s\"", text);
}

static void add_text(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, ",\"%s\":", name);
	session_encode_text(text, out);
}

static void add_instant(struct buf *out, const char *name, struct instant at)
{
	buf_addf(out, ",\"%s\":", name);
	session_encode_instant(at, out);
}

static void add_int(struct buf *out, const char *name, int64_t value)
{
	buf_addf(out, ",\"%s\":%" PRId64, name, value);
}

/* The sentence, with the notice that this reader's deadline stands for. promise: NULL when it speaks of no money. */
static void offer_words(const struct booking *booking, const struct cancel_offer *offer,
			const struct refund_promise *promise, char ret_words[SESSION_WORDS_BYTES])
{
	const char *code = promise ? cancel_promise_code(promise) : offer->message_code;
	char rest[MONEY_TEXT_BYTES] = "";
	int64_t notice_s = booking->cancel_notice_s;

	if (!instant_is_none(offer->deadline))
		notice_s = (booking->starts_at.us - offer->deadline.us) / US_PER_S;
	if (promise)
		money_to_words(promise->rest, "en", rest);
	cancel_message(code, notice_s, rest, ret_words, SESSION_WORDS_BYTES);
}

void session_cancel_offer(const struct booking *booking, const struct session_reader *reader,
			  struct cancel_offer *ret_offer, char ret_words[SESSION_WORDS_BYTES])
{
	cancel_offer_for(booking, &reader->actor, &reader->policy, reader->now, ret_offer);
	offer_words(booking, ret_offer, NULL, ret_words);
}

static void add_cancel_offer(const struct booking_view *view, const struct session_reader *reader,
			     struct buf *out)
{
	const struct refund_promise promise = refund_promise(view->booking.price, &view->beside);
	const struct booking *booking = &view->booking;
	struct cancel_offer offer;
	char words[SESSION_WORDS_BYTES];

	session_cancel_offer(booking, reader, &offer, words);
	if (offer.can_cancel && booking->status == BOOKING_CONFIRMED)
		offer_words(booking, &offer, &promise, words);
	buf_addf(out, ",\"canCancel\":%s", offer.can_cancel ? "true" : "false");
	add_instant(out, "cancelDeadline", offer.deadline);
	add_text(out, "cancelMessage", words);
}

static void add_people(const struct booking_view *view, struct buf *out)
{
	add_int(out, "parentId", view->booking.parent_id);
	add_text(out, "parentName", view->parent_name);
	add_int(out, "studentId", view->booking.student_id);
	add_text(out, "studentName", view->student_name);
	add_int(out, "teacherId", view->booking.teacher_id);
	add_text(out, "teacherName", view->teacher_name);
}

static void add_price(const struct booking *booking, struct buf *out)
{
	char decimal[MONEY_TEXT_BYTES];

	money_to_decimal(booking->price, decimal);
	buf_addf(out, ",\"price\":%s", decimal);
	add_int(out, "amountMinor", booking->price.minor);
	add_text(out, "currency", booking->price.currency);
}

/* The checkout is the parent's way to pay, and nobody else's business. */
static void add_checkout(const struct booking *booking, const struct session_reader *reader, struct buf *out)
{
	bool parent = booking_parent_is(booking, &reader->actor);
	bool open = parent && booking->status == BOOKING_PENDING && !booking->payment_awaited;

	add_text(out, "stripeSessionId", parent ? booking->stripe_session_id : NULL);
	add_text(out, "checkoutUrl", open ? booking->checkout_url : NULL);
	add_instant(out, "holdExpiresAt", open ? booking->hold_expires_at : INSTANT_NONE);
}

void session_encode(const struct booking_view *view, const struct session_reader *reader, struct buf *out)
{
	const struct booking *booking = &view->booking;
	bool confirmed = booking->status == BOOKING_CONFIRMED;
	bool dealings = booking_dealings_may_be_read_by(booking, &reader->actor);
	char uid[ICAL_UID_BYTES];

	ical_uid(reader->instance_id, booking->id, uid);
	buf_addf(out, "{\"id\":%" PRId64 ",\"status\":%d", booking->id, (int)booking->status);
	add_text(out, "statusName", booking_status_name(booking->status));
	add_people(view, out);
	add_text(out, "title", booking->title);
	add_instant(out, "scheduledDateTime", booking->starts_at);
	add_int(out, "durationMinutes", (booking->ends_at.us - booking->starts_at.us) / (60 * US_PER_S));
	add_price(booking, out);
	add_text(out, "googleMeetLink", confirmed ? view->meeting_url : NULL);
	add_text(out, "calendarUid", uid);
	add_text(out, "notes", booking->notes);
	add_checkout(booking, reader, out);
	add_instant(out, "paidAt", booking->paid_at);
	add_cancel_offer(view, reader, out);
	buf_add(out, ",\"refund\":");
	if (dealings)
		session_refund_encode(view, booking_parent_is(booking, &reader->actor), out);
	else
		buf_add(out, "null");
	add_instant(out, "cancelledAt", booking->cancelled_at);
	add_text(out, "cancelCause", cancel_cause_name(booking->cancel_cause));
	add_text(out, "cancellationReason", dealings ? booking->cancellation_reason : NULL);
	add_instant(out, "createdAt", booking->created_at);
	buf_add(out, "}");
}
