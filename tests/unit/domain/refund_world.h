/* refund_world.h: a small world around one refund: its row, Stripe, two or three workers, an operator, and what can go wrong.
 * The decisions are taken by the real functions of refund.h; everything else is as bad as design.md allows. */
#ifndef REFUND_WORLD_H
#define REFUND_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "refund.h"
#include "search.h"

#define WORLD_WORKERS_MAX 3
#define WORLD_REFUNDS_MAX 4
#define WORLD_KEYS_MAX    6
#define WORLD_CAPTURED    100

/* What is away in a run that must find a violation, and what Stripe does. */
struct world_rules {
	int workers;
	bool stripe_refuses; /* a refund of more than remains is refused */
	bool no_list_first;
	bool no_fence;
	bool no_stored_key;  /* a fresh key for each request */
	bool no_list_after;  /* the list before the answer is believed when a key is frozen */
	bool blind_retry;    /* an operator's retry always takes the next generation */
	bool believes_again; /* a refusal that is told again counts as a fresh one */
};

enum phase { IDLE, CLAIMED, LISTED, STORED, SENT, ANSWERED };

#define NO_REFUND 0xff /* in a list: it did not exist then */

/* What a list showed, refund by refund. */
struct world_list {
	uint8_t listed, after;
	uint8_t status[WORLD_REFUNDS_MAX];
};

struct world_worker {
	uint8_t phase, holds;                      /* holds: its lease is the row's */
	uint8_t state, generation, sent, attempts; /* the row as it was claimed */
	uint8_t answer, key, made, made_status;
	struct world_list list;
};

/* The event handler or the operator, between their list and their record. */
struct world_handler {
	uint8_t active, operator_retries;
	uint8_t state, generation, sent;
	struct world_list list;
};

struct world_refund {
	uint8_t exists, by_hand, generation, status, amount;
	uint8_t emitted; /* set of the statuses that events tell of; each may arrive any number of times, in any order */
};

#define KEY_NEW     0
#define KEY_FROZEN  0xff /* on an error */
#define KEY_REFUSED 0xfe /* on a refusal; else: number of the refund that it made, from 1 */

struct world {
	uint8_t state, generation, sent, attempts, orphan; /* orphan: leased by a worker that died */
	uint8_t faults, failures, hands, prunes, retries;  /* what may still happen */
	uint8_t old;                                       /* three days have passed */
	uint8_t failed_unasked; /* a refund of ours failed, and no operator has asked again since */
	uint8_t asked_again; /* an operator has, with none of ours alive under that key, and nothing was amiss since */
	uint8_t asked_generation; /* that an operator's last retry began; what an older one gave back may fail meanwhile */
	uint8_t fresh_key; /* no_stored_key: the next one */
	uint8_t key[WORLD_KEYS_MAX];
	uint8_t late[WORLD_KEYS_MAX]; /* requests under way that nobody waits for */
	struct world_refund refund[WORLD_REFUNDS_MAX];
	struct world_worker worker[WORLD_WORKERS_MAX];
	struct world_handler handler;
};

/* One expansion: from is the world, and each branch makes its own copy of it. */
struct step {
	const struct world_rules *rules;
	struct search *search;
	const struct world *from;
	bool calm_taken; /* the calm successor has been named */
};

/* Hand a successor on. The first may_be_calm one is where a run without faults goes. */
void step_to(struct step *step, const struct world *to, const char *action, bool may_be_calm);

/* refund_stripe.c: the other side */
int world_live(const struct world *world, bool ours_only, int *ret_minor);
bool world_has_live(const struct world *world, int generation);
void world_take_list(const struct world *world, bool after, struct world_list *ret_list);
void world_read_list(const struct world *world, const struct refund *refund, const struct world_list *seen,
		     struct refund_list *ret_list);
void world_see(const struct world *world, int index, uint8_t status, struct stripe_refund *ret_seen);
/* Every way in which Stripe may take a request under key. Writes up to 5 worlds with their answers; returns how many; the first is the
 * one without a fault. made_ret is the refund that answered. */
struct delivery {
	struct world world;
	enum refund_answer answer;
	uint8_t made;
	const char *action;
};
int world_deliver(const struct step *step, const struct world *world, int key,
		  struct delivery ret_deliveries[6]);
/* Money moves on by itself, a person refunds in the dashboard, days go by. */
void stripe_steps(struct step *step);

/* refund_workers.c, refund_handlers.c: ours */
void worker_steps(struct step *step);
void claim_step(struct step *step, int w);
void write_row(struct step *step, struct world *to, const struct refund_change *change, bool by_worker);
void handler_steps(struct step *step);

/* The row as the real functions want it. */
void world_row(uint8_t state, uint8_t generation, uint8_t sent, uint8_t attempts, struct refund *ret_refund);

/* Search everything from one requested refund on. */
void world_search(const struct world_rules *rules, const struct world *initial, struct search_result *ret);
extern const struct world world_initial;

#endif
