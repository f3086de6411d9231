/* flow_private.h: what the transactions of this room share. Private to it. Texts that are queued live in flow->arena, because they stay
 * borrowed until pg_run. */
#ifndef FLOW_PRIVATE_H
#define FLOW_PRIVATE_H

#include "booking.h"
#include "err.h"
#include "event.h"
#include "flow.h"
#include "mail.h"

/* once() runs one whole transaction on db. It is repeated after a conflict and after a lost line, for each of these transactions finds out
 * by itself whether an earlier one had happened. */
enum err_kind flow_run(const struct flow *flow,
		       enum err_kind (*once)(void *context, struct pg *db, struct err *err), void *context,
		       struct err *err) MUST_CHECK;

enum err_kind flow_queue_event(const struct flow *flow, struct pg *tx, enum event_type type,
			       int64_t booking_id, const char *payload, struct err *err) MUST_CHECK;

/* The row of flow->key, when there is one. */
enum err_kind flow_queue_key(const struct flow *flow, struct pg *tx, int64_t booking_id,
			     struct err *err) MUST_CHECK;

/* detail: as arena_printf gave it; NULL is out of memory here. */
enum err_kind flow_queue_log(const struct flow *flow, struct pg *tx, int64_t booking_id, const char *what,
			     const char *detail, struct err *err) MUST_CHECK;

/* Mails about booking's version as it will be committed; ref NULL: none. to_both: teacher too, unless that is the parent. */
struct flow_mail {
	enum mail_kind kind;
	const char *ref;
	bool to_both;
};
enum err_kind flow_queue_mails(const struct flow *flow, struct pg *tx, const struct booking *booking,
			       const struct flow_mail *mail, struct err *err) MUST_CHECK;

/* The one refund of a captured payment: its row, and (after mails and meetings, for the lock order) its entry in the time line and its
 * event. id is a fresh uuid. */
struct flow_refund {
	const char *id;
	int64_t booking_id;
	const char *payment_intent;
	struct money amount; /* captured */
	struct money rest;   /* of refund_promise: what it is to give back */
	const char *cause;
	bool may_exist; /* at Stripe already */
};
/* Find out rest, of a refund whose payment and amount are set, in a round trip of its own. */
enum err_kind flow_find_rest(struct pg *tx, struct flow_refund *refund, struct err *err) MUST_CHECK;
enum err_kind flow_queue_refund_row(const struct flow *flow, struct pg *tx, const struct flow_refund *refund,
				    struct err *err) MUST_CHECK;
enum err_kind flow_queue_refund_news(const struct flow *flow, struct pg *tx, const struct flow_refund *refund,
				     struct err *err) MUST_CHECK;

#endif
