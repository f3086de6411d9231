/* refund_sql.h: SQL that two files write about refunds, once. Private to this room. */
#ifndef REFUND_SQL_H
#define REFUND_SQL_H

#include "refunds.h"

/* What hangs on `u`, an UPDATE of refunds that returns id, booking_id and version: whatever follows from the change is selected from the
 * change, so a lost fence writes none of it (rule 9). One row can come to nothing more than once, and the parent hears of each time (decision
 * 0011). mails: boolean; type, payload, trace: texts. All are parameters ("$13"). */
#define REFUND_NEWS(mails, type, payload, trace)                                                \
	"), m AS ("                                                                             \
	"INSERT INTO mails (booking_id, kind, recipient_id, booking_version, ref, next_try_at)" \
	" SELECT b.id, 'refund_failed', b.parent_id, b.version, u.id || ':' || u.version,"      \
	" clock_timestamp() FROM u JOIN bookings b ON b.id = u.booking_id WHERE " mails         \
	"::boolean ON CONFLICT DO NOTHING"                                                      \
	"), o AS ("                                                                             \
	"INSERT INTO outbox (aggregatetype, aggregateid, type, payload, headers)"               \
	" SELECT 'refund', booking_id::text, " type ", " payload ","                            \
	" coalesce('{\"traceparent\":\"' || nullif(" trace "::text, '') || '\"}', '')"          \
	" FROM u WHERE " type "::text IS NOT NULL)"

/* Stripe's word about a refund only moves forward (rule 8): pending, requires_action, succeeded, then failed or canceled. */
#define REFUND_RANK(column) \
	"array_position(ARRAY['pending', 'requires_action', 'succeeded', 'failed', 'canceled'], " column ")"

/* The parameters are refund_sql_seen_args. */
#define REFUND_SEEN                                                                                       \
	"INSERT INTO stripe_refunds AS s (id, payment_intent, amount_minor, currency, status, refund_id," \
	" generation, reason, request_id, reference)"                                                     \
	" VALUES ($1, $2, $3, $4, $5, $6::uuid, $7, $8, $9, $10)"                                         \
	" ON CONFLICT (id) DO UPDATE SET status = excluded.status, amount_minor = excluded.amount_minor," \
	" reason = coalesce(excluded.reason, s.reason),"                                                  \
	" request_id = coalesce(excluded.request_id, s.request_id),"                                      \
	" reference = coalesce(excluded.reference, s.reference), updated_at = clock_timestamp()"          \
	" WHERE " REFUND_RANK("excluded.status") " >= " REFUND_RANK("s.status")

/* $1 to $10 of REFUND_SEEN. ours: the refund row of the payment; NULL, or not the one that seen names: made by hand, or by somebody else. */
void refund_sql_seen_args(struct pg_args *args, const struct refund *ours, const struct stripe_refund *seen);

/* "" is SQL NULL. */
void refund_sql_word(struct pg_args *args, const char *word);

#endif
