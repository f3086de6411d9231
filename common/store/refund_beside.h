/* refund_beside.h: what went back of a payment beside the refund that is asked for now, as rows tell it: refunds by hand, ours of an earlier
 * generation (they gave back a part only), ours that stand although the row came to nothing, and the last word about each dispute. */
#ifndef REFUND_BESIDE_H
#define REFUND_BESIDE_H

#include "clock.h"
#include "pg.h"
#include "refund_promise.h"

/* dispute_takes_money, of a column. */
#define REFUND_BESIDE_TAKES_MONEY(status) "(" status " <> 'won' AND " status " NOT LIKE 'warning%')"

/* Does any dispute of a payment keep a refund from being sent, an open one or a lost one? As a value. */
#define REFUND_BESIDE_IS_HELD(booking, payment)                                                             \
	"EXISTS (SELECT 1 FROM disputes w WHERE w.booking_id = " booking " AND w.payment_intent = " payment \
	" AND " REFUND_BESIDE_TAKES_MONEY("w.status") ")"

/* The columns, of a join that must stand in the FROM: of the payment and booking that two SQL expressions name. */
#define REFUND_BESIDE_COLUMNS "h.returned, h.by_hand_at, d.is_disputed, d.charged_back, h.on_its_way"
#define REFUND_BESIDE_COUNT   5
#define REFUND_BESIDE_JOIN(booking, payment)                                                                             \
	" LEFT JOIN LATERAL (SELECT coalesce(sum(s.amount_minor), 0)::bigint AS returned,"                               \
	" max(s.updated_at) FILTER (WHERE s.refund_id IS NULL) AS by_hand_at,"                                           \
	" coalesce(bool_or(s.status IN ('pending', 'requires_action')), false) AS on_its_way"                            \
	" FROM stripe_refunds s LEFT JOIN refunds o ON o.id = s.refund_id WHERE s.payment_intent = " payment             \
	" AND (s.refund_id IS NULL OR s.generation <> o.generation"                                                      \
	" OR o.state IN ('failed', 'canceled', 'needs_attention'))"                                                      \
	" AND s.status NOT IN ('failed', 'canceled')) h ON true"                                                         \
	" LEFT JOIN LATERAL (SELECT"                                                                                     \
	" coalesce(bool_or(x.status <> 'lost' AND " REFUND_BESIDE_TAKES_MONEY(                                           \
		"x.status") "), false) AS is_disputed,"                                                                  \
			    " coalesce(sum(x.amount_minor) FILTER (WHERE x.status = 'lost'), 0)::bigint AS charged_back" \
			    " FROM disputes x WHERE x.booking_id = " booking                                             \
			    " AND x.payment_intent = " payment ") d ON true "

/* Read those columns from the given one on. ret_by_hand_at: when the newest one by hand changed, INSTANT_NONE: none; NULL: not wanted. */
struct refund_beside refund_beside_read(const struct pg_results *results, int index, int row, int column,
					struct instant *ret_by_hand_at);

/* Queue a question for them; its answer is one row that starts with them. */
enum err_kind refund_beside_queue(struct pg *tx, int64_t booking_id, const char *payment_intent,
				  struct err *err) MUST_CHECK;

/* What is known of one dispute of a payment, in the arena; status NULL: nothing. Holds the payment's row to the end of the transaction, so that
 * two events of one dispute do not both find the same. Errors those of pg_run. */
enum err_kind refund_beside_lock_dispute(struct pg *tx, const char *payment_intent, const char *dispute,
					 struct arena *arena, struct dispute_word *ret_word,
					 struct instant *ret_now, struct err *err) MUST_CHECK;

/* The newest lost dispute of a payment: "dp_..." in the arena; NULL: none. Errors those of pg_run. */
enum err_kind refund_beside_find_lost(struct pg *db, const char *payment_intent, struct arena *arena,
				      const char **ret_dispute, struct err *err) MUST_CHECK;

#endif
