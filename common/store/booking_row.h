/* booking_row.h: the columns of a booking, and their way into the struct. Private to this room. */
#ifndef BOOKING_ROW_H
#define BOOKING_ROW_H

#include "booking.h"
#include "pg.h"

/* Of table alias b. */
#define BOOKING_COLUMNS                                                                                                        \
	"b.id, b.parent_id, b.student_id, b.teacher_id, b.offer_id, b.title, b.starts_at, b.ends_at, b.status, "               \
	"b.amount_minor, b.currency, extract(epoch FROM b.cancel_notice)::bigint, b.notes, b.stripe_session_id, "              \
	"b.checkout_url, b.hold_expires_at, b.checkout_closed_at, b.payment_intent, b.paid_at, b.cancelled_at, b.created_at, " \
	"b.cancel_cause, b.cancelled_by, b.cancellation_reason, b.version, b.payment_awaited"
#define BOOKING_COLUMN_COUNT 26

/* Errors ERR_RETRY no_memory; ERR_REJECT bad_row (a value that the checks of the table forbid). */
enum err_kind booking_row_read(const struct pg_results *results, int index, int row, struct arena *arena,
			       struct booking *ret_booking, struct err *err) MUST_CHECK;

#endif
