#include "mails.h"

#include <string.h>

#include "str.h"

enum err_kind mails_queue(struct pg *tx, const struct mail_request *request, struct err *err)
{
	static const struct pg_stmt stmt = {
		.name = "mails_queue",
		.sql = "INSERT INTO mails (booking_id, kind, recipient_id, booking_version, ref, next_try_at) "
		       "VALUES ($1, $2, $3, $4, $5, clock_timestamp() + $6::bigint * interval '1 ms') ON CONFLICT DO NOTHING",
	};
	struct pg_args args = {0};

	pg_arg_int(&args, request->booking_id);
	pg_arg_text(&args, mail_kind_name(request->kind));
	pg_arg_int(&args, request->recipient_id);
	pg_arg_int(&args, request->booking_version);
	pg_arg_text(&args, request->ref);
	pg_arg_int(&args, request->doorbell_ms);
	return pg_queue(tx, &stmt, &args, err);
}

/* Claim the one mail that `picked` finds. News about the booking (confirmed, cancelled) is worth only its newest version: an older one is
 * superseded, whether it is the one picked or lies beside it. Mails about money are never superseded. */
#define CLAIM_SQL(PICKED)                                                                                                             \
	"WITH picked AS MATERIALIZED (SELECT m.id, m.state, m.booking_id, m.recipient_id, m.booking_version, "                        \
	"m.kind IN ('confirmed', 'cancelled') AS is_news FROM mails m WHERE " PICKED                                                  \
	" AND (m.kind <> 'confirmed' OR NOT EXISTS (SELECT 1 FROM meetings t WHERE t.booking_id = m.booking_id AND t.state = "        \
	"'wanted')) ORDER BY m.next_try_at, m.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED), "                                            \
	"older AS (UPDATE mails o SET state = 'superseded', lease_token = NULL, lease_until = NULL FROM picked p "                    \
	"WHERE p.is_news AND o.booking_id = p.booking_id AND o.recipient_id = p.recipient_id "                                        \
	"AND o.kind IN ('confirmed', 'cancelled') AND o.booking_version < p.booking_version AND o.state IN ('queued', 'unknown')) "   \
	"UPDATE mails m SET state = CASE WHEN p.is_news AND EXISTS (SELECT 1 FROM mails n WHERE n.booking_id = p.booking_id "         \
	"AND n.recipient_id = p.recipient_id AND n.kind IN ('confirmed', 'cancelled') AND n.booking_version > p.booking_version) "    \
	"THEN 'superseded' ELSE 'sending' END, attempts = m.attempts + 1, lease_token = gen_random_uuid(), "                          \
	"lease_until = now() + $1::bigint * interval '1 ms', next_try_at = now() + $1::bigint * interval '1 ms', "                    \
	"message_id = coalesce(m.message_id, '<' || gen_random_uuid() || '@' || $2 || '>') "                                          \
	"FROM picked p WHERE m.id = p.id RETURNING m.id, m.booking_id, m.kind, m.recipient_id, m.booking_version, p.state, m.state, " \
	"m.message_id, m.attempts, m.failures, m.unknowns, m.lease_token, m.created_at, m.ref"

static enum err_kind read_claimed(const struct pg_results *results, struct arena *arena,
				  struct mail *ret_mail, struct err *err)
{
	struct mail mail = {
		.id = pg_int(results, 0, 0, 0),
		.booking_id = pg_int(results, 0, 0, 1),
		.recipient_id = pg_int(results, 0, 0, 3),
		.booking_version = pg_int(results, 0, 0, 4),
		.message_id = pg_text_dup(results, 0, 0, 7, arena),
		.attempts = (int)pg_int(results, 0, 0, 8),
		.failures = (int)pg_int(results, 0, 0, 9),
		.unknowns = (int)pg_int(results, 0, 0, 10),
		.created_at = pg_instant(results, 0, 0, 12),
		.ref = pg_text_dup(results, 0, 0, 13, arena),
	};

	if (!mail_kind_decode(pg_text(results, 0, 0, 2), &mail.kind)
	    || !mail_state_decode(pg_text(results, 0, 0, 5), &mail.state)
	    || !str_copy(mail.lease_token, sizeof(mail.lease_token), pg_text(results, 0, 0, 11)))
		return err_set(err, ERR_REJECT, "bad_row", "mail %lld does not read", (long long)mail.id);
	*ret_mail = mail;
	return ERR_OK;
}

/* One claim after the other until one is to be sent or none is left; each turn takes a row away, so it ends. */
static enum err_kind claim(struct pg *db, const struct pg_stmt *stmt, const struct pg_args *args,
			   struct arena *arena, struct mail *ret_mail, struct err *err)
{
	for (;;) {
		PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;

		if (pg_one(db, stmt, args, &results, err))
			return err->kind;
		if (pg_rows(&results, 0) == 0) {
			*ret_mail = (struct mail){0};
			return ERR_OK;
		}
		if (strcmp(pg_text(&results, 0, 0, 6), mail_state_name(MAIL_SUPERSEDED)) != 0)
			return read_claimed(&results, arena, ret_mail, err);
	}
}

enum err_kind mails_claim_booking(struct pg *db, int64_t booking_id, const struct mail_claim *claim_options,
				  struct arena *arena, struct mail *ret_mail, struct err *err)
{
	static const struct pg_stmt stmt = {
		.name = "mails_claim_booking",
		.sql = CLAIM_SQL("m.booking_id = $3 AND m.state = 'queued' AND m.attempts = 0"),
	};
	struct pg_args args = {0};

	pg_arg_int(&args, claim_options->lease_ms);
	pg_arg_text(&args, claim_options->domain);
	pg_arg_int(&args, booking_id);
	return claim(db, &stmt, &args, arena, ret_mail, err);
}

enum err_kind mails_sweep(struct pg *db, const struct mail_claim *claim_options, struct arena *arena,
			  struct mail *ret_mail, struct err *err)
{
	static const struct pg_stmt stmt = {
		.name = "mails_sweep",
		.sql = CLAIM_SQL("m.state IN ('queued', 'sending', 'unknown') AND m.next_try_at <= now()"),
	};
	struct pg_args args = {0};

	pg_arg_int(&args, claim_options->lease_ms);
	pg_arg_text(&args, claim_options->domain);
	return claim(db, &stmt, &args, arena, ret_mail, err);
}

enum err_kind mails_hold(struct pg *db, const struct mail *mail, int64_t lease_ms, bool *ret_held,
			 struct err *err)
{
	static const struct pg_stmt stmt = {
		.name = "mails_hold",
		.sql = "UPDATE mails SET lease_until = now() + $3::bigint * interval '1 ms', "
		       "next_try_at = now() + $3::bigint * interval '1 ms' "
		       "WHERE id = $1 AND lease_token = $2::uuid AND state = 'sending' RETURNING id",
	};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_int(&args, mail->id);
	pg_arg_text(&args, mail->lease_token);
	pg_arg_int(&args, lease_ms);
	if (pg_one(db, &stmt, &args, &results, err))
		return err->kind;
	*ret_held = pg_rows(&results, 0) == 1;
	return ERR_OK;
}

enum err_kind mails_record(struct pg *db, const struct mail *mail, const struct mail_outcome *outcome,
			   bool *ret_recorded, struct err *err)
{
	static const struct pg_stmt stmt = {
		.name = "mails_record",
		.sql = "WITH u AS (UPDATE mails SET state = $3, failures = failures + $4::int, unknowns = unknowns + $5::int, "
		       "last_reply = $6, last_error = $7, sent_at = CASE WHEN $3 = 'sent' THEN clock_timestamp() ELSE sent_at END, "
		       "next_try_at = now() + $8::bigint * interval '1 ms', lease_token = NULL, lease_until = NULL "
		       "WHERE id = $1 AND lease_token = $2::uuid AND state = 'sending' RETURNING id, booking_id, kind, recipient_id), "
		       "l AS (INSERT INTO booking_log (booking_id, actor, what, detail) SELECT u.booking_id, 'notifier', 'mail_' || $3, "
		       "jsonb_build_object('mail', u.id, 'kind', u.kind, 'to', CASE u.recipient_id WHEN b.parent_id THEN 'parent' "
		       "WHEN b.teacher_id THEN 'teacher' ELSE 'student' END, 'reply', $6::text) "
		       "FROM u JOIN bookings b ON b.id = u.booking_id WHERE $3 <> 'queued') SELECT count(*) FROM u",
	};
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	const struct mail_change *change = &outcome->change;
	struct pg_args args = {0};

	pg_arg_int(&args, mail->id);
	pg_arg_text(&args, mail->lease_token);
	pg_arg_text(&args, mail_state_name(change->state));
	pg_arg_int(&args, change->counts_as_failure);
	pg_arg_int(&args, change->counts_as_unknown);
	pg_arg_text(&args, outcome->reply);
	pg_arg_text(&args, outcome->error);
	pg_arg_int(&args, outcome->wait_ms);
	if (pg_one(db, &stmt, &args, &results, err))
		return err->kind;
	*ret_recorded = pg_int(&results, 0, 0, 0) == 1;
	return ERR_OK;
}
