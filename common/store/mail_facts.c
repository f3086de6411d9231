#include <stdio.h>

#include "mails.h"
#include "refund_beside.h"

/* Wall clocks come from PostgreSQL's time zone tables: "YYYY MM DD HH24 MI ID" with ID 1 Monday. */
#define WALL_CLOCK(AT) "to_char(local_time(" AT ", r.time_zone), 'YYYY-MM-DD HH24:MI ID')"

/* The refund that came to nothing: the one that the mail names, else one of ours, or one that stood in for ours if that is what failed. */
#define FAILED                                                                                           \
	"SELECT x.id, x.amount_minor, x.status, x.reason, x.refund_id FROM stripe_refunds x"             \
	" WHERE $3 <> '' AND x.payment_intent = y.payment_intent AND x.status IN ('failed', 'canceled')" \
	" AND (n.id IS NULL OR x.id = n.id) ORDER BY (x.refund_id IS NULL)"                              \
	" = (coalesce(f.failure_reason, '') IN ('refund_short', 'adopted_refund_gone')) DESC, x.updated_at DESC, x.id LIMIT 1"

/* It was settled elsewhere, and what that counted is still there. */
#define MADE_GOOD \
	"f.settled_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM given_back_short g WHERE g.refund_id = f.id)"

static const struct pg_stmt facts_stmt = {
	.name = "mails_facts",
	.reads_only = true,
	.sql = "SELECT b.id, b.parent_id, b.student_id, b.teacher_id, b.title, b.starts_at, b.ends_at, b.status, b.amount_minor, b.currency, "
	       "extract(epoch FROM b.cancel_notice)::bigint, b.cancel_cause, b.cancelled_by, b.cancellation_reason, b.version, "
	       "r.email, r.display_name, r.locale, r.time_zone, t.display_name, p.display_name, s.display_name, " WALL_CLOCK("b.starts_at") ", " WALL_CLOCK("b.ends_at") ", " WALL_CLOCK(
		       "b.starts_at - b.cancel_notice") ", "
							"(extract(epoch FROM local_time(b.starts_at, r.time_zone) - b.starts_at AT TIME ZONE 'UTC') / 60)::int, "
							"CASE WHEN b.status = 1 THEN m.url END, i.id, f.state, coalesce(y.amount_minor, b.amount_minor), "
							"coalesce(y.currency, b.currency), f.failure_reason, z.amount_minor, coalesce(z.reason, f.failure_reason), "
							"coalesce(coalesce(z.status, f.state) = 'canceled', false), " MADE_GOOD
							", "
							"f.id IS NULL AND b.status IN (1, 2) AND n.payment_intent = b.payment_intent, " REFUND_BESIDE_COLUMNS
							" "
							"FROM bookings b JOIN users r ON r.id = $2 JOIN users t ON t.id = b.teacher_id JOIN users p ON p.id = b.parent_id "
							"JOIN users s ON s.id = b.student_id CROSS JOIN instance i LEFT JOIN meetings m ON m.booking_id = b.id "
							"LEFT JOIN stripe_refunds n ON n.id = $3 "
							"LEFT JOIN refunds f ON f.booking_id = b.id AND CASE WHEN n.id IS NOT NULL THEN f.payment_intent = n.payment_intent "
							"WHEN $3 = '' THEN f.payment_intent = b.payment_intent ELSE f.id::text = split_part($3, ':', 1) END "
							"LEFT JOIN payments y ON y.payment_intent = coalesce(f.payment_intent, n.payment_intent) "
							"LEFT JOIN LATERAL (" FAILED
							") z ON true" REFUND_BESIDE_JOIN(
								"b.id",
								"coalesce(y.payment_intent, CASE WHEN $3 = '' THEN b.payment_intent END)") "WHERE b.id = $1",
};

/* "2026-12-01 09:30 2" */
static struct civil_time read_wall_clock(const char *text)
{
	struct civil_time wall = {0};

	if (sscanf(text, "%d-%d-%d %d:%d %d", &wall.year, &wall.month, &wall.day, &wall.hour, &wall.minute,
		   &wall.weekday)
	    == 6)
		wall.weekday--;
	return wall;
}

static void read_booking(const struct pg_results *row, struct arena *arena, struct booking *booking)
{
	booking->id = pg_int(row, 0, 0, 0);
	booking->parent_id = pg_int(row, 0, 0, 1);
	booking->student_id = pg_int(row, 0, 0, 2);
	booking->teacher_id = pg_int(row, 0, 0, 3);
	booking->title = pg_text_dup(row, 0, 0, 4, arena);
	booking->starts_at = pg_instant(row, 0, 0, 5);
	booking->ends_at = pg_instant(row, 0, 0, 6);
	booking->price.minor = pg_int(row, 0, 0, 8);
	booking->cancel_notice_s = pg_int(row, 0, 0, 10);
	booking->cancelled_by = pg_int(row, 0, 0, 12);
	booking->cancellation_reason = pg_text_dup(row, 0, 0, 13, arena);
	booking->version = pg_int(row, 0, 0, 14);
}

static struct mail_failure read_failure(const struct pg_results *row, const struct money *captured,
					struct arena *arena)
{
	struct mail_failure failed = {
		.amount = *captured,
		.reason = pg_text_dup(row, 0, 0, 33, arena),
		.is_withdrawn = pg_bool(row, 0, 0, 34),
		.is_made_good = pg_bool(row, 0, 0, 35),
		.is_of_kept = pg_bool(row, 0, 0, 36),
	};

	failed.amount.minor = pg_int(row, 0, 0, 32);
	return failed;
}

enum err_kind mails_find_facts(struct pg *db, const struct mail *mail, struct arena *arena,
			       struct mail_facts *ret_facts, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results row = PG_RESULTS_NONE;
	struct mail_facts facts = {0};
	struct pg_args args = {0};

	pg_arg_int(&args, mail->booking_id);
	pg_arg_int(&args, mail->recipient_id);
	pg_arg_text(&args, mail->ref);
	if (pg_one(db, &facts_stmt, &args, &row, err))
		return err->kind;
	if (pg_rows(&row, 0) != 1 || !booking_status_decode(pg_int(&row, 0, 0, 7), &facts.booking.status)
	    || !cancel_cause_decode(pg_is_null(&row, 0, 0, 11) ? NULL : pg_text(&row, 0, 0, 11),
				    &facts.booking.cancel_cause)
	    || !money_currency_decode(pg_text(&row, 0, 0, 9), facts.booking.price.currency)
	    || !money_currency_decode(pg_text(&row, 0, 0, 30), facts.captured.currency))
		return err_set(err, ERR_REJECT, "bad_row", "booking %lld does not read",
			       (long long)mail->booking_id);
	read_booking(&row, arena, &facts.booking);
	facts.recipient_address = pg_text_dup(&row, 0, 0, 15, arena);
	facts.recipient_name = pg_text_dup(&row, 0, 0, 16, arena);
	facts.recipient_locale = pg_text_dup(&row, 0, 0, 17, arena);
	facts.recipient_zone = pg_text_dup(&row, 0, 0, 18, arena);
	facts.teacher_name = pg_text_dup(&row, 0, 0, 19, arena);
	facts.parent_name = pg_text_dup(&row, 0, 0, 20, arena);
	facts.student_name = pg_text_dup(&row, 0, 0, 21, arena);
	facts.local_starts = read_wall_clock(pg_text(&row, 0, 0, 22));
	facts.local_ends = read_wall_clock(pg_text(&row, 0, 0, 23));
	facts.local_deadline = read_wall_clock(pg_text(&row, 0, 0, 24));
	facts.utc_offset_min = (int)pg_int(&row, 0, 0, 25);
	facts.meeting_url = pg_text_dup(&row, 0, 0, 26, arena);
	facts.instance_id = pg_text_dup(&row, 0, 0, 27, arena);
	facts.refund_state = pg_text_dup(&row, 0, 0, 28, arena);
	facts.captured.minor = pg_int(&row, 0, 0, 29);
	facts.refund_failure_reason = pg_text_dup(&row, 0, 0, 31, arena);
	facts.failed = read_failure(&row, &facts.captured, arena);
	facts.beside = refund_beside_read(&row, 0, 0, 37, NULL);
	*ret_facts = facts;
	return ERR_OK;
}
