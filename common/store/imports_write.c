/* imports_write.c: what was checked, into the tables; nobody is told, by mail or by event, of what was sold before */
#include "imports_private.h"
#include "instance.h"

#define WRITE(label, text)                                                          \
	{                                                                           \
		.kind = STEP_WRITE, .stmt = {.name = "import_" label, .sql = text } \
	}
#define LINES(label, text)                                                          \
	{                                                                           \
		.kind = STEP_LINES, .stmt = {.name = "import_" label, .sql = text } \
	}
#define BY_ACTOR(step, label, text)                                                                \
	{                                                                                          \
		.kind = step, .names_actor = true, .stmt = {.name = "import_" label, .sql = text } \
	}

/* A checkout that Stripe has kept open for its whole 24 hours is closed by itself. */
#define MAY_BE_OPEN "status = 3 AND payment_intent IS NULL AND created_at > now() - interval '25 hours'"

const struct imports_step imports_write_steps[] = {
	/* The reaper looks at a Pending booking when its hold is over, and at a released one whose checkout may still be paid. */
	LINES("bookings_insert",
	      "INSERT INTO bookings (id, parent_id, student_id, teacher_id, offer_id, title, starts_at, ends_at, status,"
	      " amount_minor, currency, cancel_notice, notes, stripe_session_id, checkout_url, hold_expires_at,"
	      " checkout_closed_at, payment_intent, paid_at, cancelled_at, cancel_cause, cancelled_by,"
	      " cancellation_reason, created_at, next_try_at)"
	      " SELECT booking_id, parent_id, student_id, teacher_id, offer_id, title, starts_at, ends_at, status,"
	      " amount_minor, currency, cancel_notice_s * interval '1 second', notes, stripe_session_id, checkout_url,"
	      " hold_expires_at, CASE WHEN status = 0 OR (stripe_session_id IS NOT NULL AND " MAY_BE_OPEN
	      ") THEN NULL"
	      " ELSE coalesce(paid_at, cancelled_at, created_at) END, payment_intent, paid_at, cancelled_at,"
	      " cancel_cause, by_id, cancellation_reason, created_at, CASE WHEN status = 0 THEN hold_expires_at"
	      " WHEN stripe_session_id IS NOT NULL AND " MAY_BE_OPEN " THEN now() END"
	      " FROM import_resolved WHERE known IS NULL AND line BETWEEN $1 AND $2"),
	WRITE("payments_insert",
	      "INSERT INTO payments (payment_intent, booking_id, stripe_session_id, charge_id, amount_minor, currency,"
	      " captured_at) SELECT p.payment_intent, r.booking_id, p.stripe_session_id, p.charge_id, p.amount_minor,"
	      " p.currency, p.captured_at FROM import_payments p JOIN import_resolved r USING (line)"
	      " WHERE r.known IS NULL"),
	/* As a refund made by hand is adopted; by another way than Stripe: as an operator settles it. */
	BY_ACTOR(
		STEP_WRITE, "refunds_insert",
		"INSERT INTO refunds (payment_intent, booking_id, cause, state, settled_by, settled_reference, settled_at,"
		" settled_minor, created_at, updated_at, next_try_at) SELECT p.payment_intent, r.booking_id, CASE WHEN"
		" p.payment_intent IS DISTINCT FROM r.payment_intent THEN 'second_payment'"
		" ELSE coalesce(r.cancel_cause, 'admin') END, 'succeeded',"
		" CASE WHEN p.refund_id IS NULL THEN $1 END, p.refund_reference,"
		" CASE WHEN p.refund_id IS NULL THEN p.refunded_at END,"
		" CASE WHEN p.refund_id IS NULL THEN p.amount_minor ELSE 0 END, p.refunded_at, p.refunded_at, p.refunded_at"
		" FROM import_payments p JOIN import_resolved r USING (line)"
		" WHERE r.known IS NULL AND p.refunded_at IS NOT NULL"),
	WRITE("stripe_refunds_insert",
	      "INSERT INTO stripe_refunds (id, payment_intent, amount_minor, currency, status, updated_at)"
	      " SELECT p.refund_id, p.payment_intent, p.amount_minor, p.currency, 'succeeded', p.refunded_at"
	      " FROM import_payments p JOIN import_resolved r USING (line)"
	      " WHERE r.known IS NULL AND p.refund_id IS NOT NULL ON CONFLICT (id) DO NOTHING"),
	WRITE("meetings_insert",
	      "INSERT INTO meetings (booking_id, provider, url, state, next_try_at)"
	      " SELECT booking_id, 'template', meeting_url, 'ready', now() FROM import_resolved"
	      " WHERE known IS NULL AND status = 1 AND meeting_url IS NOT NULL"),
	BY_ACTOR(
		STEP_LINES, "log_insert",
		"INSERT INTO booking_log (booking_id, actor, what, detail) SELECT booking_id, $3, 'imported',"
		" jsonb_build_object('line', line, 'status', status) FROM import_resolved"
		" WHERE known IS NULL AND line BETWEEN $1 AND $2"),
	WRITE("bookings_sequence", "SELECT setval('bookings_id_seq', greatest((SELECT max(id) FROM bookings),"
				   " (SELECT last_value FROM bookings_id_seq)))"
				   " WHERE EXISTS (SELECT 1 FROM import_resolved WHERE known IS NULL)"),
	WRITE("offers_sequence", "SELECT setval('offers_id_seq', greatest((SELECT max(id) FROM offers),"
				 " (SELECT last_value FROM offers_id_seq)))"
				 " WHERE EXISTS (SELECT 1 FROM import_offers)"),
};
const int imports_write_count = sizeof(imports_write_steps) / sizeof(imports_write_steps[0]);

static const struct pg_stmt count_stmt = {
	.name = "import_count",
	.sql = "SELECT (SELECT count(*) FROM import_users), (SELECT count(*) FROM import_users_known),"
	       " (SELECT count(*) FROM import_users_known WHERE fills), (SELECT count(*) FROM import_offers),"
	       " (SELECT count(*) FROM import_offers_known), b.*, p.*"
	       " FROM (SELECT count(known), count(*) FILTER (WHERE known IS NULL AND status = 0),"
	       " count(*) FILTER (WHERE known IS NULL AND status = 1),"
	       " count(*) FILTER (WHERE known IS NULL AND status = 2),"
	       " count(*) FILTER (WHERE known IS NULL AND status = 3) FROM import_resolved) b,"
	       " (SELECT count(r.known), count(*) FILTER (WHERE r.known IS NULL),"
	       " count(p.refunded_at) FILTER (WHERE r.known IS NULL)"
	       " FROM import_payments p JOIN import_resolved r USING (line)) p",
};

static const struct pg_stmt fault_stmt = {
	.name = "import_list_faults",
	.sql = "SELECT line, number, about, code, message FROM import_faults WHERE (line, number) > ($1, $2)"
	       " ORDER BY line, number LIMIT $3",
};

static const struct pg_stmt mode_stmt = {
	.name = "import_mode",
	.sql = "SELECT starts_with(stripe_session_id, 'cs_live_') FROM import_bookings"
	       " WHERE stripe_session_id ~ '^cs_(live|test)_' LIMIT 1",
};

static const struct imports_step *step_at(int step)
{
	if (step < imports_people_count)
		return &imports_people_steps[step];
	step -= imports_people_count;
	if (step < imports_booking_count)
		return &imports_booking_steps[step];
	step -= imports_booking_count;
	return step < imports_write_count ? &imports_write_steps[step] : NULL;
}

static int pieces_of(const struct imports *imports, const struct imports_step *step)
{
	if (step->kind != STEP_LINES)
		return 1;
	return (int)((imports->last_line + IMPORTS_LINES_AT_ONCE - 1) / IMPORTS_LINES_AT_ONCE);
}

int imports_piece_count(const struct imports *imports)
{
	int count = 0;

	for (int step = 0; step_at(step); step++)
		count += pieces_of(imports, step_at(step));
	return count;
}

/* part: which of the step's pieces. */
static enum err_kind run_step(struct imports *imports, const struct imports_step *step, int part,
			      struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	bool writes = step->kind == STEP_WRITE || step->kind == STEP_LINES;
	struct pg_args args = {0};

	if (writes && imports->faults)
		return ERR_OK;
	if (step->kind == STEP_LINES) {
		pg_arg_int(&args, (int64_t)part * IMPORTS_LINES_AT_ONCE + 1);
		pg_arg_int(&args, ((int64_t)part + 1) * IMPORTS_LINES_AT_ONCE);
	}
	if (step->names_actor)
		pg_arg_text(&args, imports->actor);
	if (pg_one(imports->tx, &step->stmt, &args, &results, err))
		return err->kind;
	if (step->kind == STEP_FAULTS)
		imports->faults += pg_affected(&results, 0);
	return ERR_OK;
}

enum err_kind imports_run_piece(struct imports *imports, int piece, struct err *err)
{
	int step = 0;

	if (piece == 0 && imports_flush(imports, err))
		return err->kind;
	while (piece >= pieces_of(imports, step_at(step)))
		piece -= pieces_of(imports, step_at(step++));
	return run_step(imports, step_at(step), piece, err);
}

static bool read_fault(const struct pg_results *results, int row, struct arena *arena,
		       struct imports_fault *ret_fault)
{
	struct imports_fault fault = {.line = pg_int(results, 0, row, 0),
				      .number = pg_int(results, 0, row, 1),
				      .about = pg_text_dup(results, 0, row, 2, arena),
				      .code = pg_text_dup(results, 0, row, 3, arena),
				      .message = pg_text_dup(results, 0, row, 4, arena)};

	*ret_fault = fault;
	return fault.about && fault.code && fault.message;
}

enum err_kind imports_list_faults(struct imports *imports, const struct imports_fault *after,
				  struct arena *arena, struct imports_faults *ret_faults, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct imports_fault *faults = arena_alloc(arena, IMPORTS_PAGE * sizeof(*faults));
	struct pg_args args = {0};

	pg_arg_int(&args, after ? after->line : 0);
	pg_arg_int(&args, after ? after->number : 0);
	pg_arg_int(&args, IMPORTS_PAGE);
	if (pg_one(imports->tx, &fault_stmt, &args, &results, err))
		return err->kind;
	for (int row = 0; faults && row < pg_rows(&results, 0); row++) {
		if (!read_fault(&results, row, arena, &faults[row]))
			faults = NULL;
	}
	if (!faults)
		return err_set(err, ERR_RETRY, "no_memory", "the faults do not fit their arena");
	*ret_faults = (struct imports_faults){pg_rows(&results, 0), faults};
	return ERR_OK;
}

enum err_kind imports_count(struct imports *imports, struct imports_counts *ret_counts, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	struct imports_counts counts = {0};

	if (pg_one(imports->tx, &count_stmt, NULL, &results, err))
		return err->kind;
	counts.users_filled = pg_int(&results, 0, 0, 2);
	counts.users_known = pg_int(&results, 0, 0, 1) - counts.users_filled;
	counts.users_new = pg_int(&results, 0, 0, 0) - pg_int(&results, 0, 0, 1);
	counts.offers_known = pg_int(&results, 0, 0, 4);
	counts.offers_new = pg_int(&results, 0, 0, 3) - counts.offers_known;
	counts.bookings_known = pg_int(&results, 0, 0, 5);
	for (int status = 0; status < 4; status++)
		counts.bookings_new[status] = pg_int(&results, 0, 0, 6 + status);
	counts.payments_known = pg_int(&results, 0, 0, 10);
	counts.payments_new = pg_int(&results, 0, 0, 11);
	counts.refunds_new = pg_int(&results, 0, 0, 12);
	*ret_counts = counts;
	return ERR_OK;
}

enum err_kind imports_commit(struct imports *imports, struct err *err)
{
	PG_RESULTS_SCOPE struct pg_results results = PG_RESULTS_NONE;
	PG_RESULTS_SCOPE struct pg_results committed = PG_RESULTS_NONE;
	char instance_id[INSTANCE_ID_BYTES];

	if (pg_one(imports->tx, &mode_stmt, NULL, &results, err))
		return err->kind;
	if (pg_rows(&results, 0) > 0
	    && instance_claim_mode(imports->tx, pg_bool(&results, 0, 0, 0), instance_id, err))
		return err->kind;
	if (pg_queue_commit(imports->tx, err))
		return err->kind;
	return pg_run(imports->tx, &committed, err);
}
