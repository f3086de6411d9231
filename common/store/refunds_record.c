/* refunds_record.c: what came of an attempt, under the fence. */
#include <string.h>

#include "refunds.h"
#include "str.h"

/* Rule 9: whatever follows from the change is selected from the change, so a lost fence writes none of it. */
static const struct pg_stmt record_stmt = {
	.name = "refund_record",
	.sql = "WITH u AS ("
	       "UPDATE refunds SET state = $5, generation = $6,"
	       " first_sent_at = CASE WHEN generation = $6 THEN first_sent_at END,"
	       " failures = failures + $7, failure_reason = $8, last_error = $9,"
	       " lease_token = NULL, lease_until = NULL, updated_at = clock_timestamp(), version = version + 1,"
	       " next_try_at = clock_timestamp() + $10 * interval '1 millisecond'"
	       " WHERE id = $1::uuid AND lease_token = $2::uuid AND state = $3 AND version = $4"
	       " RETURNING id, booking_id"
	       "), l AS ("
	       "INSERT INTO booking_log (booking_id, actor, what, detail)"
	       " SELECT booking_id, 'refund-worker', $11, $12::jsonb FROM u WHERE $11::text IS NOT NULL"
	       "), m AS ("
	       "INSERT INTO mails (booking_id, kind, recipient_id, booking_version, ref, next_try_at)"
	       " SELECT b.id, 'refund_failed', b.parent_id, b.version, u.id::text, clock_timestamp()"
	       " FROM u JOIN bookings b ON b.id = u.booking_id WHERE $13::boolean"
	       " ON CONFLICT DO NOTHING"
	       "), o AS ("
	       "INSERT INTO outbox (aggregatetype, aggregateid, type, payload, headers)"
	       " SELECT 'refund', booking_id::text, $14, $15,"
	       " coalesce('{\"traceparent\":\"' || nullif($16::text, '') || '\"}', '')"
	       " FROM u WHERE $14::text IS NOT NULL"
	       ") SELECT count(*) FROM u",
};

/* Stripe's word about a refund only moves forward (rule 8): pending, requires_action, succeeded, then
 * failed or canceled. */
#define RANK(column) \
	"array_position(ARRAY['pending', 'requires_action', 'succeeded', 'failed', 'canceled'], " column ")"
static const struct pg_stmt seen_stmt = {
	.name = "stripe_refund_seen",
	.sql = "INSERT INTO stripe_refunds AS s (id, payment_intent, amount_minor, currency, status, refund_id,"
	       " generation, reason, request_id, reference)"
	       " VALUES ($1, $2, $3, $4, $5, $6::uuid, $7, $8, $9, $10)"
	       " ON CONFLICT (id) DO UPDATE SET status = excluded.status, amount_minor = excluded.amount_minor,"
	       " reason = coalesce(excluded.reason, s.reason),"
	       " request_id = coalesce(excluded.request_id, s.request_id),"
	       " reference = coalesce(excluded.reference, s.reference), updated_at = clock_timestamp()"
	       " WHERE " RANK("excluded.status") " >= " RANK("s.status"),
};

/* "" is SQL NULL. */
static void arg_word(struct pg_args *args, const char *word)
{
	pg_arg_text(args, word && word[0] ? word : NULL);
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
	arg_word(&args, change->reason);
	arg_word(&args, record->last_error);
	pg_arg_int(&args, record->wait_ms);
	pg_arg_text(&args, record->log_what);
	pg_arg_text(&args, record->log_detail);
	pg_arg_text(&args, record->mails_parent ? "t" : "f");
	pg_arg_text(&args, record->event_type);
	pg_arg_text(&args, record->event_payload);
	arg_word(&args, record->traceparent);
	return pg_queue(db, &record_stmt, &args, err);
}

/* A payment has one refund row, so one that does not name this row was made by hand or by somebody else. */
static enum err_kind queue_seen(struct pg *db, const struct refund *refund, const struct stripe_refund *seen,
				struct err *err)
{
	bool ours = str_ieq(seen->refund_id, refund->id);
	struct pg_args args = {0};

	pg_arg_text(&args, seen->id);
	pg_arg_text(&args, seen->payment_intent);
	pg_arg_int(&args, seen->amount.minor);
	pg_arg_text(&args, seen->amount.currency);
	pg_arg_text(&args, stripe_refund_status_name(seen->status));
	pg_arg_text(&args, ours ? refund->id : NULL);
	pg_arg_id(&args, ours ? seen->generation : 0);
	arg_word(&args, seen->failure_reason);
	arg_word(&args, seen->request_id);
	arg_word(&args, seen->reference);
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
