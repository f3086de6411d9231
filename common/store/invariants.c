#include "invariants.h"

#include <string.h>

/* One more than is shown, so that it is known when there are more. */
#define LIMIT " LIMIT 1001"

/* What Stripe showed of a payment's refunds that did not fail. Attempts remember the newest 8 refunds only, so their sum proves that
 * something is missing only while there are fewer. */
#define LIVE_REFUNDS                                                                                                                          \
	" JOIN LATERAL (SELECT coalesce(sum(s.amount_minor), 0) AS minor, count(*) AS n,"                                                     \
	" count(s.refund_id) AS ours, count(DISTINCT s.generation) AS keys, bool_or(s.currency <> p.currency) AS alien FROM stripe_refunds s" \
	" WHERE s.payment_intent = p.payment_intent AND s.status NOT IN ('failed', 'canceled')) live ON"                                      \
	" true"

static const struct pg_stmt snapshot_stmt = {
	.name = "invariants_snapshot",
	.sql = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
	.reads_only = true,
};

static const struct pg_stmt counts_stmt = {
	.name = "invariants_counts",
	.sql = "SELECT (SELECT count(*) FROM bookings), (SELECT count(*) FROM payments), (SELECT count(*) FROM"
	       " refunds WHERE state IN ('failed', 'canceled', 'needs_attention') AND settled_at IS NULL)",
	.reads_only = true,
};

/* What a person or the bank has settled. */
#define SETTLED                                                                                                 \
	"'I1 refund %s of payment %s was settled by %s (%s): of %s %s %s went another way, Stripe gave back %s" \
	" and the bank %s,"
#define SETTLED_SUMS                                                                                                       \
	"refund_id, payment_intent, settled_by, settled_reference, amount_minor, currency, settled_minor, refunded_minor," \
	" charged_back_minor"

/* What the bank has given back after a lost dispute is owed by nobody. Started bookings may carry the row of a refund that was made by hand: they stay what they are. */
static const struct pg_stmt questions[] = {
	{"invariants_i1_end",
	 "SELECT format('I1 payment %s of booking %s (status %s) is neither kept nor refunded', p.payment_intent,"
	 " b.id, b.status) FROM payments p JOIN bookings b ON b.id = p.booking_id"
	 " LEFT JOIN refunds r ON r.payment_intent = p.payment_intent WHERE r.id IS NULL AND b.status <> 3"
	 " AND NOT (b.status IN (1, 2) AND b.payment_intent IS NOT DISTINCT FROM p.payment_intent)" LIMIT,
	 true},
	{"invariants_i1_both",
	 "SELECT format('I1 payment %s is kept by booking %s (status %s) and refunded by %s', p.payment_intent, b.id,"
	 " b.status, r.id) FROM payments p JOIN bookings b USING (payment_intent)"
	 " JOIN refunds r USING (payment_intent)" LIVE_REFUNDS
	 " WHERE b.status IN (1, 2) AND (live.ours > 0 OR (b.status = 1 AND r.created_at < b.starts_at))" LIMIT,
	 true},
	{"invariants_i1_price",
	 "SELECT format('I1 booking %s (status %s) keeps payment %s of %s %s, its price is %s %s', b.id, b.status,"
	 " p.payment_intent, p.amount_minor, p.currency, b.amount_minor, b.currency) FROM bookings b"
	 " JOIN payments p USING (payment_intent) WHERE (p.amount_minor, p.currency)"
	 " IS DISTINCT FROM (b.amount_minor, b.currency)" LIMIT,
	 true},
	{"invariants_i1_over",
	 "SELECT format('I1 payment %s: %s %s captured, %s given back in %s refunds, %s of them ours',"
	 " p.payment_intent, p.amount_minor, p.currency, live.minor, live.n, live.ours) FROM payments p" LIVE_REFUNDS
	 " WHERE live.minor > p.amount_minor OR live.ours > greatest(live.keys, 1) OR live.alien" LIMIT,
	 true},
	{"invariants_i1_short",
	 "SELECT format('I1 refund %s says succeeded, %s of %s %s have been given back', r.id, live.minor,"
	 " p.amount_minor, p.currency) FROM refunds r JOIN payments p USING (payment_intent)" LIVE_REFUNDS
	 " WHERE r.state = 'succeeded' AND r.settled_at IS NULL AND live.minor < p.amount_minor AND live.n < 8" LIMIT,
	 true},
	{"invariants_i1_twice",
	 "SELECT format(" SETTLED " %s too much', " SETTLED_SUMS
	 ", given_minor - amount_minor) FROM given_back_twice" LIMIT,
	 true},
	{"invariants_i1_bank",
	 "SELECT format('I1 payment %s: %s %s captured, Stripe gave back %s and the bank %s', p.payment_intent,"
	 " p.amount_minor, p.currency, live.minor, bank.minor) FROM (SELECT d.booking_id, d.payment_intent,"
	 " sum(d.amount_minor) AS minor FROM disputes d WHERE d.status = 'lost' GROUP BY 1, 2) bank JOIN payments p"
	 " ON p.booking_id = bank.booking_id AND p.payment_intent = bank.payment_intent" LIVE_REFUNDS
	 " WHERE live.minor > 0 AND live.minor + bank.minor > p.amount_minor AND NOT EXISTS (SELECT 1 FROM refunds r"
	 " WHERE r.payment_intent = p.payment_intent AND r.settled_at IS NOT NULL)" LIMIT,
	 true},
	{"invariants_i1_settled_short",
	 "SELECT format(" SETTLED " %s lack', " SETTLED_SUMS ", lacking_minor) FROM given_back_short"
	 " WHERE NOT is_disputed" LIMIT,
	 true},
	{"invariants_i2_none",
	 "SELECT format('I2 booking %s is cancelled, its payment %s has no refund', b.id, p.payment_intent)"
	 " FROM payments p JOIN bookings b ON b.id = p.booking_id"
	 " LEFT JOIN refunds r ON r.payment_intent = p.payment_intent" LIVE_REFUNDS
	 " CROSS JOIN LATERAL (SELECT coalesce(sum(d.amount_minor), 0) AS minor FROM disputes d"
	 " WHERE d.booking_id = b.id AND d.payment_intent = p.payment_intent AND d.status = 'lost') bank"
	 " WHERE b.status = 3 AND r.id IS NULL AND (bank.minor = 0 OR live.minor + bank.minor < p.amount_minor)" LIMIT,
	 true},
	{"invariants_i2_alien",
	 "SELECT format('I2 refund %s is of booking %s, its payment %s of booking %s', r.id, r.booking_id,"
	 " r.payment_intent, p.booking_id) FROM refunds r LEFT JOIN payments p USING (payment_intent)"
	 " WHERE p.booking_id IS DISTINCT FROM r.booking_id" LIMIT,
	 true},
	{"invariants_i2_unpaid",
	 "SELECT format('I2 booking %s keeps payment %s, which was not captured for it', b.id, b.payment_intent)"
	 " FROM bookings b LEFT JOIN payments p USING (payment_intent) WHERE b.payment_intent IS NOT NULL"
	 " AND p.booking_id IS DISTINCT FROM b.id" LIMIT,
	 true},
	{"invariants_i3_rows",
	 "SELECT format('I3 mail %s of booking %s is %s%s', id, booking_id, state, CASE WHEN message_id IS NULL THEN"
	 " ' without a Message-ID' ELSE ' without a time' END) FROM mails"
	 " WHERE (state IN ('sending', 'sent', 'unknown') AND message_id IS NULL)"
	 " OR (state = 'sent' AND sent_at IS NULL)" LIMIT,
	 true},
	{"invariants_i3_twice",
	 "SELECT format('I3 Message-ID %s stands on mails %s', message_id, string_agg(id::text, ', ' ORDER BY id))"
	 " FROM mails WHERE message_id IS NOT NULL GROUP BY message_id HAVING count(*) > 1" LIMIT,
	 true},
	{"invariants_i4",
	 "SELECT format('I4 bookings %s and %s of teacher %s overlap', a.id, b.id, a.teacher_id) FROM bookings a"
	 " JOIN bookings b ON b.teacher_id = a.teacher_id AND b.during && a.during AND b.id > a.id"
	 " WHERE a.status IN (0, 1) AND b.status IN (0, 1)" LIMIT,
	 true},
	{"invariants_i5",
	 "SELECT format('I5 booking %s was cancelled by its %s %s before its start, the notice is %s', id,"
	 " cancel_cause, starts_at - cancelled_at, cancel_notice) FROM bookings WHERE status = 3"
	 " AND cancel_cause IN ('parent', 'teacher') AND payment_intent IS NOT NULL"
	 " AND NOT starts_at - cancelled_at > CASE WHEN cancel_cause = 'teacher' AND $1::bigint >= 0"
	 " THEN least(cancel_notice, $1::bigint * interval '1 second') ELSE cancel_notice END" LIMIT,
	 true},
	{"invariants_i6",
	 "SELECT format('I6 booking %s has status %s, cause %s, cancelled at %s', id, coalesce(status::text, 'null'),"
	 " coalesce(cancel_cause, 'none'), coalesce(cancelled_at::text, 'never')) FROM bookings"
	 " WHERE (status BETWEEN 0 AND 3) IS NOT TRUE OR (status = 3) <> (cancelled_at IS NOT NULL)"
	 " OR (status = 3) <> (cancel_cause IS NOT NULL)" LIMIT,
	 true},
};

#define QUESTION_COUNT (sizeof(questions) / sizeof(questions[0]))
#define NOTICE_PLACE   "$1"
enum { BEGIN, SNAPSHOT, COUNTS, FIRST_QUESTION };

static enum err_kind queue_all(struct pg *tx, int64_t teacher_notice_s, struct err *err)
{
	struct pg_args notice = {0};

	pg_arg_int(&notice, teacher_notice_s);
	if (pg_queue_begin(tx, err) || pg_queue(tx, &snapshot_stmt, NULL, err)
	    || pg_queue(tx, &counts_stmt, NULL, err))
		return err->kind;
	for (size_t i = 0; i < QUESTION_COUNT; i++) {
		if (pg_queue(tx, &questions[i], strstr(questions[i].sql, NOTICE_PLACE) ? &notice : NULL, err))
			return err->kind;
	}
	return pg_queue_commit(tx, err);
}

static bool read_lines(const struct pg_results *results, struct arena *arena, struct invariants_found *found)
{
	found->lines = arena_alloc(arena, QUESTION_COUNT * INVARIANTS_LINES_MAX * sizeof(*found->lines));
	if (!found->lines)
		return false;
	for (int index = FIRST_QUESTION; index < FIRST_QUESTION + (int)QUESTION_COUNT; index++) {
		int rows = pg_rows(results, index);

		if (rows > INVARIANTS_LINES_MAX) {
			found->more = true;
			rows = INVARIANTS_LINES_MAX;
		}
		for (int row = 0; row < rows; row++) {
			found->lines[found->count] = pg_text_dup(results, index, row, 0, arena);
			if (!found->lines[found->count++])
				return false;
		}
	}
	return true;
}

enum err_kind invariants_check(struct pg *db, int64_t teacher_notice_s, struct arena *arena,
			       struct invariants_found *ret_found, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	PG_TX_SCOPE struct pg *tx = db;
	struct invariants_found found = {0};

	if (queue_all(tx, teacher_notice_s, err) || pg_run(tx, &results, err))
		return err->kind;
	found.bookings = pg_int(&results, COUNTS, 0, 0);
	found.payments = pg_int(&results, COUNTS, 0, 1);
	found.waiting = pg_int(&results, COUNTS, 0, 2);
	if (!read_lines(&results, arena, &found))
		return err_set(err, ERR_RETRY, "no_memory", "the violations do not fit their arena");
	*ret_found = found;
	return ERR_OK;
}
