#include "timeline.h"

#include <inttypes.h>
#include <string.h>

#include "session_json.h"

static const struct {
	const char *what, *words;
} sentences[] = {
	{"booked", "The session was booked."},
	{"imported", "The session was taken over from the system before."},
	{"confirmed", "The payment arrived; the session is confirmed."},
	{"revived", "The payment arrived late and the slot was still free; the session is confirmed."},
	{"payment_returned", "A payment arrived that the booking could not keep; it goes back."},
	{"refund_by_hand", "Somebody refunded by hand at Stripe."},
	{"disputed", "The payment is disputed with the bank."},
	{"dispute_closed", "The dispute with the bank is closed; the bank has not taken the payment."},
	{"charged_back", "The dispute is lost: the bank has given the money back to whoever paid."},
	{"completed", "The session is over."},
	{"cancelled", "The session was cancelled."},
	{"released", "The booking was released unpaid."},
	{"checkout_given_up", "The payment page is unknown at Stripe; nobody looks for it any more."},
	{"refund_requested", "The refund was requested."},
	{"refund_sending", "The refund is being sent."},
	{"refund_pending", "The refund is on its way."},
	{"refund_requires_action", "The refund waits for somebody to act."},
	{"refund_succeeded", "The refund went through."},
	{"refund_failed", "The refund failed."},
	{"refund_canceled", "The refund was cancelled."},
	{"refund_needs_attention", "The refund needs somebody to look at it."},
	{"refund_retried", "The refund was taken up again."},
	{"refund_settled", "The refund was settled another way."},
	{"mail_sent", "A mail was sent."},
	{"mail_failed", "A mail could not be delivered."},
	{"mail_unknown", "A mail may or may not have arrived."},
};

static const char *words_of(const char *what)
{
	for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
		if (strcmp(what, sentences[i].what) == 0)
			return sentences[i].words;
	return NULL;
}

/* A person becomes a role, so that no reader learns who works here. */
static const char *role_of(const struct booking *booking, const char *actor)
{
	int64_t id;

	if (str_starts(actor, "operator:"))
		return "operator";
	if (!str_starts(actor, "user:") || !str_to_int64(actor + strlen("user:"), &id))
		return actor;
	if (id == booking->parent_id)
		return "parent";
	if (id == booking->teacher_id)
		return "teacher";
	return id == booking->student_id ? "student" : "admin";
}

void timeline_encode(const struct booking *booking, const struct actor *reader,
		     const struct booking_log_list *log, struct buf *out)
{
	bool reads_all = reader->roles & (ROLE_ADMIN | ROLE_SUPPORT);

	buf_add(out, "[");
	for (int i = 0; i < log->count; i++) {
		const struct booking_log_entry *entry = &log->entries[i];

		buf_add(out, i ? ",{\"at\":" : "{\"at\":");
		session_encode_instant(entry->at, out);
		buf_add(out, ",\"what\":");
		session_encode_text(entry->what, out);
		buf_add(out, ",\"words\":");
		session_encode_text(words_of(entry->what), out);
		buf_add(out, ",\"actor\":");
		session_encode_text(reads_all ? entry->actor : role_of(booking, entry->actor), out);
		buf_add(out, ",\"detail\":");
		buf_add(out, reads_all && entry->detail ? entry->detail : "null");
		buf_add(out, "}");
	}
	buf_add(out, "]");
}
