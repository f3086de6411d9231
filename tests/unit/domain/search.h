/* search.h: every state that a small model can reach. The model writes its states as plain bytes (zeroed padding) and is asked for the
 * successors of each once. A run that stops having faults follows the calm successors, and must come to an end. */
#ifndef SEARCH_H
#define SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct search;

struct search_model {
	size_t state_bytes;
	/* Calls search_add for each successor, flags exactly one of them as calm or calls search_end, and may call search_violation. */
	void (*successors)(const void *state, struct search *search, void *context);
	void *context;
	size_t states_max; /* a bound that is reached is a violation: the search was not exhaustive */
};

struct search_result {
	size_t states;
	size_t ends;
	const char *violation; /* NULL: none. Static text of the model */
	char trace[4096];      /* the shortest way to the violation */
};

void search_add(struct search *search, const void *state, const char *action, bool calm);
void search_end(struct search *search);
void search_violation(struct search *search, const char *what);

/* Breadth first from initial; stops at the first violation. */
void search_run(const struct search_model *model, const void *initial, struct search_result *ret);

#endif
