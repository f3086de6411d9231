/* session_json.h: a booking as the API's "Session" (design.md section 6): one shape for lists and for one. Fields that are not for this
 * reader are null. Pure. */
#ifndef SESSION_JSON_H
#define SESSION_JSON_H

#include "booking_view.h"
#include "cancel.h"
#include "str.h"

/* For whom, at which moment of the database's clock, and in which database. */
struct session_reader {
	struct actor actor;
	struct cancel_policy policy;
	struct instant now;
	const char *instance_id; /* of this database, for calendars; borrowed */
};

/* Append the JSON object. */
void session_encode(const struct booking_view *view, const struct session_reader *reader, struct buf *out);

/* What the cancel button says to this reader, with its sentence. Needs SESSION_WORDS_BYTES. */
#define SESSION_WORDS_BYTES 256
void session_cancel_offer(const struct booking *booking, const struct session_reader *reader,
			  struct cancel_offer *ret_offer, char ret_words[SESSION_WORDS_BYTES]);

/* Append one JSON value: a text or null, an instant or null. */
void session_encode_text(const char *text, struct buf *out);
void session_encode_instant(struct instant at, struct buf *out);

#endif
