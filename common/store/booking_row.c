#include "booking_row.h"

#include "str.h"

static enum err_kind read_texts(const struct pg_results *results, int index, int row, struct arena *arena,
				struct booking *booking, struct err *err)
{
	const struct {
		int column;
		const char **text;
	} texts[] = {
		{5, &booking->title},
		{12, &booking->notes},
		{13, &booking->stripe_session_id},
		{14, &booking->checkout_url},
		{17, &booking->payment_intent},
		{23, &booking->cancellation_reason},
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (pg_is_null(results, index, row, texts[i].column))
			continue;
		*texts[i].text = pg_text_dup(results, index, row, texts[i].column, arena);
		if (!*texts[i].text)
			return err_set(err, ERR_RETRY, "no_memory", "a booking does not fit its arena");
	}
	return ERR_OK;
}

enum err_kind booking_row_read(const struct pg_results *results, int index, int row, struct arena *arena,
			       struct booking *ret_booking, struct err *err)
{
	struct booking booking = {
		.id = pg_int(results, index, row, 0),
		.parent_id = pg_int(results, index, row, 1),
		.student_id = pg_int(results, index, row, 2),
		.teacher_id = pg_int(results, index, row, 3),
		.offer_id = pg_int(results, index, row, 4),
		.starts_at = pg_instant(results, index, row, 6),
		.ends_at = pg_instant(results, index, row, 7),
		.price.minor = pg_int(results, index, row, 9),
		.cancel_notice_s = pg_int(results, index, row, 11),
		.hold_expires_at = pg_instant(results, index, row, 15),
		.checkout_closed_at = pg_instant(results, index, row, 16),
		.paid_at = pg_instant(results, index, row, 18),
		.cancelled_at = pg_instant(results, index, row, 19),
		.created_at = pg_instant(results, index, row, 20),
		.cancelled_by = pg_int(results, index, row, 22),
		.version = pg_int(results, index, row, 24),
		.payment_awaited = pg_bool(results, index, row, 25),
	};

	if (!booking_status_decode(pg_int(results, index, row, 8), &booking.status)
	    || !str_copy(booking.price.currency, sizeof booking.price.currency,
			 pg_text(results, index, row, 10))
	    || (!pg_is_null(results, index, row, 21)
		&& !cancel_cause_decode(pg_text(results, index, row, 21), &booking.cancel_cause)))
		return err_set(err, ERR_REJECT, "bad_row", "booking %lld does not read",
			       (long long)booking.id);
	if (read_texts(results, index, row, arena, &booking, err))
		return err->kind;
	*ret_booking = booking;
	return ERR_OK;
}
