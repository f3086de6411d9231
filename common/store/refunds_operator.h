/* refunds_operator.h: what an operator does to a refund that no worker will touch again (design.md section 4: retry, settled elsewhere).
 * Each change, its line in the time line and its event hang on the row as it was read. */
#ifndef REFUNDS_OPERATOR_H
#define REFUNDS_OPERATOR_H

#include "refund_events.h"

struct refund_case {
	bool found;
	struct refund_events_found about; /* about.row is the refund */
	bool is_settled;
	const char *settled_by, *settled_reference; /* in the arena */
};
/* id: any text; one that is no uuid is not found. */
enum err_kind refunds_find_case(struct pg *db, const char *id, struct arena *arena,
				struct refund_case *ret_case, struct err *err) MUST_CHECK;

struct refund_ruling {
	const struct refund_claim *row;
	const char *actor;         /* "operator:<name>" */
	const char *event_payload; /* refund.changed, of version row->version + 1 */
};

/* A dispute of the refund's payment whose id stands in the reference and that is not lost: nobody has given the money back by it. */
struct refund_dispute {
	bool found;
	char id[64];     /* dp_... */
	char status[32]; /* Stripe's */
};
enum err_kind refunds_find_unfit_dispute(struct pg *db, const struct refund *refund, const char *reference,
					 struct refund_dispute *ret_dispute, struct err *err) MUST_CHECK;

/* What went back of the refund's payment as far as it is known here: refunds at Stripe that have not failed, and lost disputes. */
struct refund_given {
	int64_t named_minor;      /* by those whose ids stand in the reference */
	int64_t other_minor;      /* by the others */
	char unnamed_dispute[64]; /* a lost one of the others, "" when there is none */
	bool says_no_more; /* nothing stands in the reference but such ids: of the rest it does not say how it went */
};
enum err_kind refunds_get_given(struct pg *db, const struct refund *refund, const char *reference,
				struct refund_given *ret_given, struct err *err) MUST_CHECK;

/* The row becomes what change says and is due at once, unless a lease of it is still held. *ret_recorded false: it has changed since it
 * was read, or was settled; nothing was written. */
enum err_kind refunds_record_retry(struct pg *db, const struct refund_ruling *ruling,
				   const struct refund_change *change, bool *ret_recorded,
				   struct err *err) MUST_CHECK;

/* Paid back some other way, under that reference. The state stays. *ret_recorded as above. */
enum err_kind refunds_record_settled(struct pg *db, const struct refund_ruling *ruling, const char *reference,
				     bool *ret_recorded, struct err *err) MUST_CHECK;

#endif
