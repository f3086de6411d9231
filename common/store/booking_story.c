#include "booking_story.h"

#include "str.h"

static const struct pg_stmt payments_stmt = {
	.name = "story_payments",
	.sql = "SELECT p.payment_intent, p.charge_id, p.amount_minor, p.currency, p.captured_at, r.id, r.state, r.cause,"
	       " r.failure_reason, r.last_error, r.generation, r.attempts, r.created_at, r.next_try_at, r.settled_by,"
	       " r.settled_reference, r.settled_minor FROM payments p LEFT JOIN refunds r USING (payment_intent)"
	       " WHERE p.booking_id = $1 ORDER BY p.captured_at, p.payment_intent LIMIT 100",
	.reads_only = true,
};

static const struct pg_stmt refunds_stmt = {
	.name = "story_refunds",
	.sql = "SELECT s.id, s.payment_intent, s.status, s.reason, s.reference, s.amount_minor, s.currency,"
	       " s.refund_id IS NULL, s.updated_at FROM stripe_refunds s JOIN payments p USING (payment_intent)"
	       " WHERE p.booking_id = $1 ORDER BY s.updated_at, s.id LIMIT 100",
	.reads_only = true,
};

static const struct pg_stmt mails_stmt = {
	.name = "story_mails",
	.sql = "SELECT id, recipient_id, attempts, kind, state, last_reply, last_error, sent_at, next_try_at"
	       " FROM mails WHERE booking_id = $1 ORDER BY id LIMIT 100",
	.reads_only = true,
};

static const struct pg_stmt meeting_stmt = {
	.name = "story_meeting",
	.sql = "SELECT state, last_error FROM meetings WHERE booking_id = $1",
	.reads_only = true,
};

enum { PAYMENTS, REFUNDS, MAILS, MEETING };

/* A row of one answer, being read. */
struct reading {
	const struct pg_results *results;
	int index, row;
	struct arena *arena;
};

static const char *text(const struct reading *at, int column)
{
	return pg_text_dup(at->results, at->index, at->row, column, at->arena);
}

static struct instant when(const struct reading *at, int column)
{
	return pg_instant(at->results, at->index, at->row, column);
}

static int64_t number(const struct reading *at, int column)
{
	return pg_int(at->results, at->index, at->row, column);
}

static struct money amount(const struct reading *at, int column)
{
	struct money money = {.minor = number(at, column)};

	/* Three letters by the table's check; were it more, "" shows that it is wrong. */
	str_copy(money.currency, sizeof(money.currency),
		 pg_text(at->results, at->index, at->row, column + 1));
	return money;
}

static bool read_payments(struct reading at, struct booking_story *story)
{
	struct story_payment *list;

	at.index = PAYMENTS;
	story->payment_count = pg_rows(at.results, PAYMENTS);
	list = arena_alloc(at.arena, ((size_t)story->payment_count + 1) * sizeof(*list));
	for (; list && at.row < story->payment_count; at.row++)
		list[at.row] = (struct story_payment){
			.payment_intent = text(&at, 0),
			.charge_id = text(&at, 1),
			.captured = amount(&at, 2),
			.captured_at = when(&at, 4),
			.refund_id = text(&at, 5),
			.state = text(&at, 6),
			.cause = text(&at, 7),
			.failure_reason = text(&at, 8),
			.last_error = text(&at, 9),
			.generation = number(&at, 10),
			.attempts = number(&at, 11),
			.created_at = when(&at, 12),
			.next_try_at = when(&at, 13),
			.settled_by = text(&at, 14),
			.settled_reference = text(&at, 15),
			.settled_minor = number(&at, 16),
		};
	story->payments = list;
	return list;
}

static bool read_refunds(struct reading at, struct booking_story *story)
{
	struct story_refund *list;

	at.index = REFUNDS;
	story->refund_count = pg_rows(at.results, REFUNDS);
	list = arena_alloc(at.arena, ((size_t)story->refund_count + 1) * sizeof(*list));
	for (; list && at.row < story->refund_count; at.row++)
		list[at.row] = (struct story_refund){
			.id = text(&at, 0),
			.payment_intent = text(&at, 1),
			.status = text(&at, 2),
			.reason = text(&at, 3),
			.reference = text(&at, 4),
			.amount = amount(&at, 5),
			.by_hand = pg_bool(at.results, at.index, at.row, 7),
			.updated_at = when(&at, 8),
		};
	story->refunds = list;
	return list;
}

static bool read_mails(struct reading at, struct booking_story *story)
{
	struct story_mail *list;

	at.index = MAILS;
	story->mail_count = pg_rows(at.results, MAILS);
	list = arena_alloc(at.arena, ((size_t)story->mail_count + 1) * sizeof(*list));
	for (; list && at.row < story->mail_count; at.row++)
		list[at.row] = (struct story_mail){
			.id = number(&at, 0),
			.recipient_id = number(&at, 1),
			.attempts = number(&at, 2),
			.kind = text(&at, 3),
			.state = text(&at, 4),
			.last_reply = text(&at, 5),
			.last_error = text(&at, 6),
			.sent_at = when(&at, 7),
			.next_try_at = when(&at, 8),
		};
	story->mails = list;
	return list;
}

enum err_kind booking_story_find(struct pg *db, int64_t booking_id, struct arena *arena,
				 struct booking_story *ret_story, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct reading at = {.results = &results, .arena = arena};
	struct booking_story story = {0};
	struct pg_args args = {0};

	pg_arg_int(&args, booking_id);
	if (pg_queue(db, &payments_stmt, &args, err) || pg_queue(db, &refunds_stmt, &args, err)
	    || pg_queue(db, &mails_stmt, &args, err) || pg_queue(db, &meeting_stmt, &args, err)) {
		pg_rollback(db);
		return err->kind;
	}
	if (pg_run(db, &results, err))
		return err->kind;
	if (!read_payments(at, &story) || !read_refunds(at, &story) || !read_mails(at, &story))
		return err_set(err, ERR_RETRY, "no_memory", "the story of a booking does not fit its arena");
	if (pg_rows(&results, MEETING) > 0) {
		at.index = MEETING;
		story.meeting_state = text(&at, 0);
		story.meeting_error = text(&at, 1);
	}
	*ret_story = story;
	return ERR_OK;
}
