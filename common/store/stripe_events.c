#include "stripe_events.h"

#include <stdio.h>

#include "str.h"

#define TYPES_MAX       4
#define TYPES_BYTES_MAX 512

/* The outbox row hangs on the insert: a duplicate rings nobody. */
static const struct pg_stmt arrival_stmt = {
	.name = "stripe_event_arrival",
	.sql = "WITH e AS ("
	       "INSERT INTO stripe_events (id, type, object_id, created, payload, applied_at, next_try_at)"
	       " VALUES ($1, $2, $3, $4, $5, CASE WHEN $6::boolean THEN clock_timestamp() END,"
	       " CASE WHEN NOT $6::boolean THEN clock_timestamp() + $7 * interval '1 millisecond' END)"
	       " ON CONFLICT (id) DO NOTHING RETURNING id, type"
	       "), o AS ("
	       "INSERT INTO outbox (aggregatetype, aggregateid, type, payload, headers)"
	       " SELECT 'stripe', $8, 'com.stripe.' || e.type, $9,"
	       " coalesce('{\"traceparent\":\"' || nullif($10::text, '') || '\"}', '') FROM e"
	       ") SELECT count(*) FROM e",
};

#define CLAIM_WRITE                                                                       \
	" FOR NO KEY UPDATE SKIP LOCKED)"                                                 \
	" UPDATE stripe_events e SET attempts = e.attempts + 1,"                          \
	" lease_token = gen_random_uuid(),"                                               \
	" lease_until = statement_timestamp() + $1 * interval '1 millisecond',"           \
	" next_try_at = statement_timestamp() + $1 * interval '1 millisecond'"            \
	" FROM due WHERE e.id = due.id RETURNING e.id, e.type, e.payload, e.lease_token," \
	" e.attempts, e.failures"

/* $2: the caller's types as one regular expression. */
static const struct pg_stmt claim_stmt = {
	.name = "stripe_event_claim",
	.sql = "WITH due AS (SELECT id FROM stripe_events WHERE id = $3 AND applied_at IS NULL AND type ~ $2"
	       " AND (lease_until IS NULL OR lease_until < clock_timestamp())" CLAIM_WRITE,
};

static const struct pg_stmt claim_due_stmt = {
	.name = "stripe_event_claim_due",
	.sql = "WITH due AS (SELECT id FROM stripe_events WHERE applied_at IS NULL AND next_try_at <= now()"
	       " AND type ~ $2 ORDER BY next_try_at LIMIT 1" CLAIM_WRITE,
};

static const struct pg_stmt known_stmt = {
	.name = "stripe_event_known",
	.sql = "SELECT 1 FROM stripe_events WHERE id = $1",
	.reads_only = true,
};

static const struct pg_stmt has_open_stmt = {
	.name = "stripe_event_has_open",
	.sql = "SELECT EXISTS (SELECT 1 FROM stripe_events WHERE object_id = $1 AND applied_at IS NULL)",
	.reads_only = true,
};

static const struct pg_stmt reopen_stmt = {
	.name = "stripe_event_reopen",
	.sql = "UPDATE stripe_events SET applied_at = NULL, last_error = NULL, failures = 0,"
	       " next_try_at = clock_timestamp() WHERE id = $1 AND applied_at IS NOT NULL AND payload IS NOT NULL",
};

static const struct pg_stmt applied_stmt = {
	.name = "stripe_event_applied",
	.sql = "UPDATE stripe_events SET applied_at = clock_timestamp(), lease_token = NULL, lease_until = NULL,"
	       " next_try_at = NULL, last_error = $3 WHERE id = $1 AND lease_token = $2::uuid",
};

static const struct pg_stmt retry_stmt = {
	.name = "stripe_event_retry",
	.sql = "UPDATE stripe_events SET failures = failures + 1, lease_token = NULL, lease_until = NULL,"
	       " last_error = $3, next_try_at = clock_timestamp() + $4 * interval '1 millisecond'"
	       " WHERE id = $1 AND lease_token = $2::uuid",
};

enum err_kind stripe_events_record_arrival(struct pg *db, const struct stripe_event_arrival *arrival,
					   bool *ret_is_new, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};
	char key[32] = "";

	if (arrival->booking_id)
		(void)snprintf(key, sizeof key, "%lld", (long long)arrival->booking_id);
	pg_arg_text(&args, arrival->id);
	pg_arg_text(&args, arrival->type);
	pg_arg_text(&args, arrival->object_id && arrival->object_id[0] ? arrival->object_id : NULL);
	pg_arg_instant(&args, arrival->created);
	pg_arg_bytes(&args, arrival->payload, arrival->payload_len);
	pg_arg_text(&args, arrival->is_nobodys ? "t" : "f");
	pg_arg_int(&args, arrival->doorbell_ms);
	pg_arg_text(&args, key[0] ? key : arrival->id);
	pg_arg_text(&args, arrival->reference);
	pg_arg_text(&args, arrival->traceparent);
	if (pg_one(db, &arrival_stmt, &args, &results, err))
		return err->kind;
	*ret_is_new = pg_int(&results, 0, 0, 0) > 0;
	return ERR_OK;
}

enum err_kind stripe_events_has_open(struct pg *db, const char *object_id, bool *ret_has, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_text(&args, object_id);
	if (pg_one(db, &has_open_stmt, &args, &results, err))
		return err->kind;
	*ret_has = pg_bool(&results, 0, 0, 0);
	return ERR_OK;
}

enum err_kind stripe_events_reopen(struct pg *db, const char *id, bool *ret_reopened, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_text(&args, id);
	if (pg_one(db, &reopen_stmt, &args, &results, err))
		return err->kind;
	*ret_reopened = pg_affected(&results, 0) > 0;
	return ERR_OK;
}

/* "^(checkout\.session\.|...)". The prefixes are our own words: only their dots mean something. */
static bool add_types(const char *const *types, char *regex, size_t cap)
{
	struct buf text;
	bool fits;

	buf_init(&text, cap - 1);
	buf_add(&text, "^(");
	for (int i = 0; types[i] && i < TYPES_MAX; i++) {
		buf_add(&text, i ? "|" : "");
		for (const char *c = types[i]; *c; c++)
			buf_addf(&text, *c == '.' ? "\\%c" : "%c", *c);
	}
	buf_add(&text, ")");
	fits = !text.failed && str_copy(regex, cap, text.data);
	buf_release(&text);
	return fits;
}

static enum err_kind read_claim(const struct pg_results *results, struct arena *arena,
				struct stripe_event_claim **ret_claim, struct err *err)
{
	struct stripe_event_claim *claim = arena_alloc(arena, sizeof *claim);

	if (!claim)
		return err_set(err, ERR_RETRY, "no_memory", "an event does not fit its arena");
	claim->id = pg_text_dup(results, 0, 0, 0, arena);
	claim->type = pg_text_dup(results, 0, 0, 1, arena);
	claim->attempts = (int)pg_int(results, 0, 0, 4);
	claim->failures = (int)pg_int(results, 0, 0, 5);
	if (!claim->id || !claim->type
	    || !str_copy(claim->lease_token, sizeof claim->lease_token, pg_text(results, 0, 0, 3)))
		return err_set(err, ERR_RETRY, "no_memory", "an event does not fit its arena");
	if (!pg_is_null(results, 0, 0, 2)
	    && pg_bytes(results, 0, 0, 2, arena, &claim->payload, &claim->payload_len, err))
		return err->kind;
	*ret_claim = claim;
	return ERR_OK;
}

/* The event of that id, or, with NULL, one that is due. */
static enum err_kind claim_with(struct pg *db, const struct stripe_event_lease *lease, const char *id,
				struct stripe_event_claim **ret_claim, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	int64_t lease_over_ms = deadline_in_ms(lease->lease_ms);
	struct stripe_event_claim *claim = NULL;
	char types[TYPES_BYTES_MAX];
	struct pg_args args = {0};

	if (!add_types(lease->types, types, sizeof types))
		return err_set(err, ERR_RETRY, "no_memory", "the types do not fit");
	pg_arg_int(&args, lease->lease_ms);
	pg_arg_text(&args, types);
	if (id)
		pg_arg_text(&args, id);
	if (pg_one(db, id ? &claim_stmt : &claim_due_stmt, &args, &results, err))
		return err->kind;
	if (pg_rows(&results, 0) > 0 && read_claim(&results, lease->arena, &claim, err))
		return err->kind;
	if (claim)
		claim->lease_over_ms = lease_over_ms;
	*ret_claim = claim;
	return ERR_OK;
}

enum err_kind stripe_events_claim(struct pg *db, const struct stripe_event_lease *lease, const char *id,
				  struct stripe_event_claim **ret_claim, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results known = PG_RESULTS_NONE;
	struct stripe_event_claim *claim = NULL;
	struct pg_args args = {0};

	if (claim_with(db, lease, id, &claim, err))
		return err->kind;
	if (!claim) {
		pg_arg_text(&args, id);
		if (pg_one(db, &known_stmt, &args, &known, err))
			return err->kind;
		if (pg_rows(&known, 0) == 0)
			return err_set(err, ERR_REJECT, "unknown_event", "no event %.100s", id);
	}
	*ret_claim = claim;
	return ERR_OK;
}

enum err_kind stripe_events_claim_due(struct pg *db, const struct stripe_event_lease *lease,
				      struct stripe_event_claim **ret_claim, struct err *err)
{
	return claim_with(db, lease, NULL, ret_claim, err);
}

enum err_kind stripe_events_record_applied(struct pg *db, const struct stripe_event_claim *claim,
					   const char *note, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_text(&args, claim->id);
	pg_arg_text(&args, claim->lease_token);
	pg_arg_text(&args, note);
	return pg_one(db, &applied_stmt, &args, &results, err);
}

enum err_kind stripe_events_record_retry(struct pg *db, const struct stripe_event_claim *claim,
					 const char *error, int64_t wait_ms, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct pg_args args = {0};

	pg_arg_text(&args, claim->id);
	pg_arg_text(&args, claim->lease_token);
	pg_arg_text(&args, error);
	pg_arg_int(&args, wait_ms);
	return pg_one(db, &retry_stmt, &args, &results, err);
}
