/* session_refund.h: where the money of a session is: its `refund` as the API shows it, and the sentences about it. Pure. */
#ifndef SESSION_REFUND_H
#define SESSION_REFUND_H

#include "booking_view.h"
#include "session_json.h"
#include "str.h"

/* Is there anything to say: a refund of ours, or one by hand? */
bool session_has_refund(const struct booking_view *view);

/* A sentence about where the money is, for the parent or somebody else. session_has_refund(view) must be true. */
void session_refund_words(const struct booking_view *view, bool to_parent,
			  char ret_words[SESSION_WORDS_BYTES]);

/* Does all of the payment come back through a refund of ours that goes its way? Then nothing more need be said. */
bool session_refunds_in_full(const struct booking_view *view);

/* Append the object, or null. to_parent: who alone may know why the bank refused a refund. */
void session_refund_encode(const struct booking_view *view, bool to_parent, struct buf *out);

/* What a cancel has just promised. to: whose money it is, "your card" or "the parent". */
void session_promise_words(const struct refund_promise *promise, const char *to,
			   char ret_words[SESSION_WORDS_BYTES]);

#endif
