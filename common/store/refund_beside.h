/* refund_beside.h: what went back of a payment without us, as rows tell it: refunds by hand and the newest word about a dispute. */
#ifndef REFUND_BESIDE_H
#define REFUND_BESIDE_H

#include "clock.h"
#include "pg.h"
#include "refund_promise.h"

/* The columns, of a join that must stand in the FROM: of the payment and booking that two SQL expressions name. */
#define REFUND_BESIDE_COLUMNS "h.by_hand, h.by_hand_at, h.dispute"
#define REFUND_BESIDE_COUNT   3
#define REFUND_BESIDE_JOIN(booking, payment)                                                                               \
	" LEFT JOIN LATERAL (SELECT coalesce(sum(s.amount_minor), 0)::bigint AS by_hand, max(s.updated_at) AS by_hand_at," \
	" (SELECT l.detail->>'status' FROM booking_log l WHERE l.booking_id = " booking                                    \
	" AND l.what = 'disputed'"                                                                                         \
	" AND coalesce(l.detail->>'paymentIntent', " payment ") = " payment                                                \
	" ORDER BY l.id DESC LIMIT 1) AS dispute"                                                                          \
	" FROM stripe_refunds s WHERE s.payment_intent = " payment " AND s.refund_id IS NULL"                              \
	" AND s.status NOT IN ('failed', 'canceled')) h ON true "

/* Read those columns from the given one on. ret_by_hand_at: when the newest one by hand changed, INSTANT_NONE: none; NULL: not wanted. */
struct refund_beside refund_beside_read(const struct pg_results *results, int index, int row, int column,
					struct instant *ret_by_hand_at);

/* Queue a question for them; its answer is one row that starts with them. */
enum err_kind refund_beside_queue(struct pg *tx, int64_t booking_id, const char *payment_intent,
				  struct err *err) MUST_CHECK;

#endif
