/* refunds_record.c: what came of an attempt, under the fence. */
#include "refund_sql.h"
#include "str.h"

static const struct pg_stmt record_stmt = {
	.name = "refund_record",
	.sql = "WITH u AS ("
	       "UPDATE refunds SET state = $5, generation = $6,"
	       " first_sent_at = CASE WHEN generation = $6 THEN first_sent_at END,"
	       " failures = failures + $7, failure_reason = $8, last_error = $9,"
	       " lease_token = NULL, lease_until = NULL, updated_at = clock_timestamp(), version = version + 1,"
	       " next_try_at = clock_timestamp() + $10 * interval '1 millisecond',"
	       " overdue_at = CASE WHEN $17::boolean THEN clock_timestamp() WHEN generation = $6 THEN overdue_at END"
	       " WHERE id = $1::uuid AND lease_token = $2::uuid AND state = $3 AND version = $4"
	       " RETURNING id, booking_id, version"
	       "), l AS ("
	       "INSERT INTO booking_log (booking_id, actor, what, detail)"
	       " SELECT booking_id, 'refund-worker', $11, $12::jsonb FROM u WHERE $11::text IS NOT NULL" REFUND_NEWS(
		       "$13", "$14", "$15", "$16") " SELECT count(*) FROM u",
};

static const struct pg_stmt seen_stmt = {.name = "stripe_refund_seen", .sql = REFUND_SEEN};

void refund_sql_word(struct pg_args *args, const char *word)
{
	pg_arg_text(args, word && word[0] ? word : NULL);
}

/* A payment has one refund row, so one that does not name this row was made by hand or by somebody else. */
void refund_sql_seen_args(struct pg_args *args, const struct refund *ours, const struct stripe_refund *seen)
{
	bool is_ours = ours && str_ieq(seen->refund_id, ours->id);

	pg_arg_text(args, seen->id);
	pg_arg_text(args, seen->payment_intent);
	pg_arg_int(args, seen->amount.minor);
	pg_arg_text(args, seen->amount.currency);
	pg_arg_text(args, stripe_refund_status_name(seen->status));
	pg_arg_text(args, is_ours ? ours->id : NULL);
	pg_arg_id(args, is_ours ? seen->generation : 0);
	refund_sql_word(args, seen->failure_reason);
	refund_sql_word(args, seen->request_id);
	refund_sql_word(args, seen->reference);
}

static enum err_kind queue_change(struct pg *db, const struct refund_record *record, struct err *err)
{
	const struct refund_change *change = record->change;
	const struct refund *refund = &record->claim->refund;
	struct pg_args args = {0};

	pg_arg_text(&args, refund->id);
	pg_arg_text(&args, refund->lease_token);
	pg_arg_text(&args, refund_state_name(refund->state));
	pg_arg_int(&args, record->claim->version);
	pg_arg_text(&args, refund_state_name(change->state));
	pg_arg_int(&args, change->generation);
	pg_arg_int(&args, change->counts_as_failure ? 1 : 0);
	refund_sql_word(&args, change->reason);
	refund_sql_word(&args, record->last_error);
	pg_arg_int(&args, record->wait_ms);
	pg_arg_text(&args, record->log_what);
	pg_arg_text(&args, record->log_detail);
	pg_arg_text(&args, record->mails_parent ? "t" : "f");
	pg_arg_text(&args, record->event_type);
	pg_arg_text(&args, record->event_payload);
	refund_sql_word(&args, record->traceparent);
	pg_arg_text(&args, record->is_overdue ? "t" : "f");
	return pg_queue(db, &record_stmt, &args, err);
}

static enum err_kind queue_seen(struct pg *db, const struct refund *refund, const struct stripe_refund *seen,
				struct err *err)
{
	struct pg_args args = {0};

	refund_sql_seen_args(&args, refund, seen);
	return pg_queue(db, &seen_stmt, &args, err);
}

enum err_kind refunds_record(struct pg *db, const struct refund_record *record, bool *ret_recorded,
			     struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	enum err_kind kind = queue_change(db, record, err);

	for (size_t i = 0; !kind && i < record->seen_count && i < REFUND_SEEN_MAX; i++)
		kind = queue_seen(db, &record->claim->refund, &record->seen[i], err);
	if (kind) {
		pg_rollback(db);
		return kind;
	}
	kind = pg_run(db, &results, err);
	if (kind)
		return kind;
	*ret_recorded = pg_int(&results, 0, 0, 0) > 0;
	return ERR_OK;
}
