/* settlement.h: does an operator's reference stand against what is known to have gone back of a payment, and how much went another way?
 * Pure. */
#ifndef SETTLEMENT_H
#define SETTLEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A refund at Stripe or a dispute of the payment. Texts borrowed. */
struct settlement_part {
	const char *id;             /* re_..., pyr_..., dp_..., du_... */
	const char *dispute_status; /* Stripe's; NULL: a refund */
	int64_t minor;
	bool gave_back; /* it has not failed, or was lost */
};

/* What the operator says, beside what is known. */
struct settlement_case {
	const char *reference; /* printable; a word that looks like one of Stripe's ids is taken for one */
	int64_t owed_minor;    /* what was captured, less what went another way before */
	const struct settlement_part *parts;
	size_t count;
};

enum settlement_kind {
	SETTLEMENT_FINE,
	SETTLEMENT_UNFIT_DISPUTE, /* it names a dispute that is not lost: by that one nothing has gone back */
	SETTLEMENT_UNKNOWN_ID,    /* it names what looks like an id, and nothing that gave back has it */
	SETTLEMENT_WHOLE,         /* all has gone back, also by what it does not name */
	SETTLEMENT_PART, /* it names nothing but ids, and they and the others are less than what is owed */
};

struct settlement {
	enum settlement_kind kind;
	const char *id; /* of UNFIT_DISPUTE and UNKNOWN_ID: in the reference, of id_len bytes */
	int id_len;
	const struct settlement_part *part; /* of UNFIT_DISPUTE and WHOLE */
	int64_t named_minor;                /* given back by what the reference names */
	int64_t rest_minor;                 /* what nothing known gave back: it went another way, or lacks */
};
struct settlement settlement_check(const struct settlement_case *about);

#endif
