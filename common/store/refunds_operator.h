/* refunds_operator.h: what an operator does to a refund that no worker will touch again (design.md section 4: retry, settled elsewhere).
 * Each change, its line in the time line and its event hang on the row as it was read. */
#ifndef REFUNDS_OPERATOR_H
#define REFUNDS_OPERATOR_H

#include "refund_events.h"
#include "settlement.h"

struct refund_case {
	bool found;
	struct refund_events_found about; /* about.row is the refund */
	bool is_settled;
	int64_t settled_minor;         /* went another way, as it was settled */
	const char *settled_reference; /* in the arena; several are joined by "; " */
};
/* id: any text; one that is no uuid is not found. */
enum err_kind refunds_find_case(struct pg *db, const char *id, struct arena *arena,
				struct refund_case *ret_case, struct err *err) MUST_CHECK;

struct refund_ruling {
	const struct refund_claim *row;
	const char *actor;         /* "operator:<name>" */
	const char *event_payload; /* refund.changed, of version row->version + 1 */
};

/* What is known to have gone back of the refund's payment, or not: parts and count of the case, by id, in the arena. */
enum err_kind refunds_list_parts(struct pg *db, const struct refund *refund, struct arena *arena,
				 struct settlement_case *ret_case, struct err *err) MUST_CHECK;

/* The row becomes what change says and is due at once, unless a lease of it is still held. *ret_recorded false: it has changed since it
 * was read, or was settled; nothing was written. */
enum err_kind refunds_record_retry(struct pg *db, const struct refund_ruling *ruling,
				   const struct refund_change *change, bool *ret_recorded,
				   struct err *err) MUST_CHECK;

/* How it was given back: what refunds at Stripe and lost disputes did not, as far as they were known, went another way. */
struct refund_settling {
	const char *reference;
	int64_t another_way_minor;
};
/* The state stays. What was settled before is settled for so much more. *ret_recorded false: the row has changed since it was read. */
enum err_kind refunds_record_settled(struct pg *db, const struct refund_ruling *ruling,
				     const struct refund_settling *settling, bool *ret_recorded,
				     struct err *err) MUST_CHECK;

#endif
