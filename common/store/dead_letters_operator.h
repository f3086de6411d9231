/* dead_letters_operator.h: what an operator does with the dead letters that are open (neither redriven nor discarded). Beside dead_letters.h
 * the only SQL on `dead_letters`. */
#ifndef DEAD_LETTERS_OPERATOR_H
#define DEAD_LETTERS_OPERATOR_H

#include "dead_letters.h"

#define DEAD_LETTERS_LIST_MAX 200

/* One of them; texts in the arena. */
struct dead_letter_seen {
	const char *id;  /* "topic/partition/offset" */
	const char *key; /* as escaped text; NULL: none */
	const char *reason;
	struct instant first_seen_at;
};

struct dead_letters_list {
	struct dead_letter_seen *letters;
	int count;    /* the oldest first, at most DEAD_LETTERS_LIST_MAX */
	int64_t open; /* all that are open */
};
enum err_kind dead_letters_list(struct pg *db, struct arena *arena, struct dead_letters_list *ret_list,
				struct err *err) MUST_CHECK;

enum dead_letter_end {
	DEAD_LETTER_ENDED,
	DEAD_LETTER_NOT_OPEN, /* there is none of that id, or it was dealt with */
	DEAD_LETTER_NO_EVENT, /* redrive: no event of Stripe's whose bytes are here */
};

/* A person has dealt with it elsewhere. actor: "operator:<name>". Committed when it returns, as the next one. */
enum err_kind dead_letters_discard(struct pg *db, const char *id, const char *actor,
				   enum dead_letter_end *ret_end, struct err *err) MUST_CHECK;

/* Have the event of Stripe's that it speaks of applied once more, now. If it still cannot be, the letter is open again, and keeps who tried
 * last. */
enum err_kind dead_letters_redrive(struct pg *db, const char *id, const char *actor,
				   enum dead_letter_end *ret_end, struct err *err) MUST_CHECK;

#endif
