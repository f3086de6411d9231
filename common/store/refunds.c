/* refunds.c: asking for a refund, and claiming one. */
#include "refunds.h"

#include <string.h>

#include "refund_beside.h"
#include "str.h"

static const struct pg_stmt request_stmt = {
	.name = "refund_request",
	.sql = "INSERT INTO refunds (id, booking_id, payment_intent, cause, next_try_at)"
	       " VALUES ($1, $2, $3, $4, clock_timestamp() + $5 * interval '1 millisecond')"
	       " ON CONFLICT (payment_intent) DO NOTHING",
};

/* Lock the row that `due` picks, then write the claim. What RETURNING cannot tell (the old first_sent_at)
 * comes out of `due`. */
#define CLAIM_PICK                                                                            \
	"WITH due AS (SELECT r.id, r.first_sent_at, r.overdue_at, p.amount_minor, p.currency" \
	" FROM refunds r LEFT JOIN payments p USING (payment_intent)"
#define CLAIM_WRITE                                                                                       \
	" FOR NO KEY UPDATE OF r SKIP LOCKED)"                                                            \
	" UPDATE refunds r SET attempts = r.attempts + 1, lease_token = gen_random_uuid(),"               \
	" state = CASE r.state WHEN 'requested' THEN 'sending' ELSE r.state END,"                         \
	" first_sent_at = coalesce(r.first_sent_at, clock_timestamp()),"                                  \
	" lease_until = statement_timestamp() + $1 * interval '1 millisecond',"                           \
	" next_try_at = statement_timestamp() + $1 * interval '1 millisecond'"                            \
	" FROM due WHERE r.id = due.id"                                                                   \
	" RETURNING r.id, r.booking_id, r.payment_intent, due.amount_minor, due.currency, r.state,"       \
	" r.generation, due.first_sent_at, r.attempts, r.failures, r.lease_token, r.created_at, r.cause," \
	" r.version, (extract(epoch FROM clock_timestamp() - r.created_at) * 1000)::bigint,"              \
	" (extract(epoch FROM clock_timestamp() - due.first_sent_at) * 1000)::bigint,"                    \
	" due.overdue_at IS NOT NULL,"                                                                    \
	" " REFUND_BESIDE_IS_HELD("r.booking_id", "r.payment_intent")

static const struct pg_stmt claim_fresh_stmt = {
	.name = "refund_claim_fresh",
	.sql = CLAIM_PICK " WHERE r.id = $2::uuid AND r.state = 'requested' AND r.attempts = 0" CLAIM_WRITE,
};

/* now(), not clock_timestamp(): only a stable function lets the index on next_try_at be used. */
static const struct pg_stmt claim_due_stmt = {
	.name = "refund_claim_due",
	.sql = CLAIM_PICK " WHERE r.state IN ('requested', 'sending', 'pending', 'requires_action')"
			  " AND r.next_try_at <= now() ORDER BY r.next_try_at LIMIT 1" CLAIM_WRITE,
};

static const struct pg_stmt known_stmt = {
	.name = "refund_known",
	.sql = "SELECT 1 FROM refunds WHERE id = $1::uuid",
	.reads_only = true,
};

enum err_kind refunds_queue_request(struct pg *tx, const struct refund_request *request, struct err *err)
{
	struct pg_args args = {0};

	pg_arg_text(&args, request->id);
	pg_arg_int(&args, request->booking_id);
	pg_arg_text(&args, request->payment_intent);
	pg_arg_text(&args, request->cause);
	pg_arg_int(&args, request->doorbell_ms);
	return pg_queue(tx, &request_stmt, &args, err);
}

static enum err_kind read_claim(const struct pg_results *results, struct arena *arena,
				struct refund_claim **ret_claim, struct err *err)
{
	struct refund_claim *claim = arena_alloc(arena, sizeof(*claim));
	struct refund *refund;

	if (!claim)
		return err_set(err, ERR_RETRY, "no_memory", "a refund row does not fit its arena");
	refund = &claim->refund;
	refund->booking_id = pg_int(results, 0, 0, 1);
	refund->payment_intent = pg_text_dup(results, 0, 0, 2, arena);
	refund->captured.minor = pg_int(results, 0, 0, 3);
	refund->generation = (int)pg_int(results, 0, 0, 6);
	refund->first_sent_at = pg_instant(results, 0, 0, 7);
	refund->attempts = (int)pg_int(results, 0, 0, 8);
	refund->failures = (int)pg_int(results, 0, 0, 9);
	refund->created_at = pg_instant(results, 0, 0, 11);
	claim->cause = pg_text_dup(results, 0, 0, 12, arena);
	claim->version = pg_int(results, 0, 0, 13);
	claim->age_ms = pg_int(results, 0, 0, 14);
	claim->sent_ms = pg_int(results, 0, 0, 15);
	claim->is_overdue = pg_bool(results, 0, 0, 16);
	refund->is_disputed = pg_bool(results, 0, 0, 17);
	if (!refund->payment_intent || !claim->cause)
		return err_set(err, ERR_RETRY, "no_memory", "a refund row does not fit its arena");
	if (!str_copy(refund->id, sizeof(refund->id), pg_text(results, 0, 0, 0))
	    || !str_copy(refund->captured.currency, sizeof(refund->captured.currency),
			 pg_text(results, 0, 0, 4))
	    || !str_copy(refund->lease_token, sizeof(refund->lease_token), pg_text(results, 0, 0, 10))
	    || !refund_state_decode(pg_text(results, 0, 0, 5), &refund->state))
		return err_set(err, ERR_REJECT, "bad_row", "refund %s does not read",
			       pg_text(results, 0, 0, 0));
	*ret_claim = claim;
	return ERR_OK;
}

/* The fresh row of that id, or, with NULL, one that is due. */
static enum err_kind claim_with(struct pg *db, const struct refund_lease *lease, const char *id,
				struct refund_claim **ret_claim, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	int64_t lease_over_ms = deadline_in_ms(lease->lease_ms);
	struct refund_claim *claim = NULL;
	struct pg_args args = {0};
	enum err_kind kind;

	pg_arg_int(&args, lease->lease_ms);
	if (id)
		pg_arg_text(&args, id);
	kind = pg_one(db, id ? &claim_fresh_stmt : &claim_due_stmt, &args, &results, err);
	if (!kind && pg_rows(&results, 0) > 0)
		kind = read_claim(&results, lease->arena, &claim, err);
	if (kind)
		return kind;
	if (claim)
		claim->lease_over_ms = lease_over_ms;
	*ret_claim = claim;
	return ERR_OK;
}

/* Canonical text of a uuid, so that a forged event is refused here and not by the database. */
static bool is_uuid(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (!text || strlen(text) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		if (form[i] == '-' ? text[i] != '-' : !strchr("0123456789abcdefABCDEF", text[i]))
			return false;
	}
	return true;
}

enum err_kind refunds_claim_fresh(struct pg *db, const struct refund_lease *lease, const char *id,
				  struct refund_claim **ret_claim, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results known = PG_RESULTS_NONE;
	struct refund_claim *claim = NULL;
	struct pg_args args = {0};
	enum err_kind kind;

	if (!is_uuid(id))
		return err_set(err, ERR_REJECT, "unknown_refund", "no refund has such an id");
	kind = claim_with(db, lease, id, &claim, err);
	if (kind)
		return kind;
	if (!claim) {
		pg_arg_text(&args, id);
		kind = pg_one(db, &known_stmt, &args, &known, err);
		if (kind)
			return kind;
		if (pg_rows(&known, 0) == 0)
			return err_set(err, ERR_REJECT, "unknown_refund", "no refund %s", id);
	}
	*ret_claim = claim;
	return ERR_OK;
}

enum err_kind refunds_claim_due(struct pg *db, const struct refund_lease *lease,
				struct refund_claim **ret_claim, struct err *err)
{
	return claim_with(db, lease, NULL, ret_claim, err);
}
