#include "timeline.h"

#include <inttypes.h>
#include <string.h>

#include "session_json.h"

static const struct sentence {
	const char *what, *words;
	bool is_money; /* what the payment came to after the booking: not for a student */
} sentences[] = {
	{"booked", "The session was booked.", false},
	{"imported", "The session was taken over from the system before.", false},
	{"confirmed", "The payment arrived; the session is confirmed.", false},
	{"revived", "The payment arrived late and the slot was still free; the session is confirmed.", false},
	{"payment_returned", "A payment arrived that the booking could not keep; it goes back.", true},
	{"refund_by_hand", "Somebody refunded by hand at Stripe.", true},
	{"disputed", "The payment is disputed with the bank.", true},
	{"inquiry", "The bank has asked about the payment.", true},
	{"inquiry_closed", "The bank's question about the payment is closed; it has not taken the payment.",
	 true},
	{"dispute_closed", "The dispute with the bank is closed; the bank has not taken the payment.", true},
	{"charged_back", "The dispute is lost: the bank has given the disputed money back to whoever paid.",
	 true},
	{"completed", "The session is over.", false},
	{"cancelled", "The session was cancelled.", false},
	{"released", "The booking was released unpaid.", false},
	{"checkout_given_up", "The payment page is unknown at Stripe; nobody looks for it any more.", true},
	{"refund_requested", "The refund was requested.", true},
	{"refund_sending", "The refund is being sent.", true},
	{"refund_pending", "The refund is on its way.", true},
	{"refund_requires_action", "The refund waits for somebody to act.", true},
	{"refund_succeeded", "The refund went through.", true},
	{"refund_failed", "The refund failed.", true},
	{"refund_canceled", "The refund was cancelled.", true},
	{"refund_needs_attention", "The refund needs somebody to look at it.", true},
	{"refund_retried", "The refund was taken up again.", true},
	{"refund_settled", "The refund was settled another way.", true},
	{"mail_sent", "A mail was sent.", false},
	{"mail_failed", "A mail could not be delivered.", false},
	{"mail_unknown", "A mail may or may not have arrived.", false},
};

static const struct sentence *sentence_of(const char *what)
{
	for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++)
		if (strcmp(what, sentences[i].what) == 0)
			return &sentences[i];
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

static void encode_entry(const struct booking *booking, bool reads_all, const struct booking_log_entry *entry,
			 struct buf *out)
{
	const struct sentence *sentence = sentence_of(entry->what);

	buf_add(out, "{\"at\":");
	session_encode_instant(entry->at, out);
	buf_add(out, ",\"what\":");
	session_encode_text(entry->what, out);
	buf_add(out, ",\"words\":");
	session_encode_text(sentence ? sentence->words : NULL, out);
	buf_add(out, ",\"actor\":");
	session_encode_text(reads_all ? entry->actor : role_of(booking, entry->actor), out);
	buf_add(out, ",\"detail\":");
	buf_add(out, reads_all && entry->detail ? entry->detail : "null");
	buf_add(out, "}");
}

/* What has no sentence may be about anything. */
static bool is_money(const struct booking_log_entry *entry)
{
	const struct sentence *sentence = sentence_of(entry->what);

	return !sentence || sentence->is_money;
}

void timeline_encode(const struct booking *booking, const struct actor *reader,
		     const struct booking_log_list *log, struct buf *out)
{
	bool reads_all = reader->roles & (ROLE_ADMIN | ROLE_SUPPORT);
	bool reads_money = booking_dealings_may_be_read_by(booking, reader);
	const char *between = "";

	buf_add(out, "[");
	for (int i = 0; i < log->count; i++) {
		if (!reads_money && is_money(&log->entries[i]))
			continue;
		buf_add(out, between);
		encode_entry(booking, reads_all, &log->entries[i], out);
		between = ",";
	}
	buf_add(out, "]");
}
