/* refund_workers.c: the worker's attempt, the event handler and the operator, one step at a time (design.md section 8) */
#include <string.h>

#include "refund_world.h"

void world_row(uint8_t state, uint8_t generation, uint8_t sent, uint8_t attempts, struct refund *ret_refund)
{
	*ret_refund = (struct refund){.id = "r",
				      .payment_intent = "pi_1",
				      .captured = {WORLD_CAPTURED, "EUR"},
				      .state = (enum refund_state)state,
				      .generation = generation,
				      .first_sent_at = sent ? (struct instant){1} : INSTANT_NONE,
				      .attempts = attempts};
}

static bool is_leased(const struct step *step)
{
	for (int i = 0; i < step->rules->workers; i++) {
		if (step->from->worker[i].holds)
			return true;
	}
	return step->from->orphan;
}

static bool fence_holds(const struct step *step, const struct world_worker *worker)
{
	return step->rules->no_fence || (worker->holds && step->from->state == worker->state);
}

/* The row says that money is on its way or has arrived. */
static bool is_at_stripe(enum refund_state state)
{
	return state == REFUND_PENDING || state == REFUND_REQUIRES_ACTION || state == REFUND_SUCCEEDED;
}

/* Write a change to the row, and see to the rule that nothing final is left by a worker. */
void write_row(struct step *step, struct world *to, const struct refund_change *change, bool by_worker)
{
	enum refund_state old = (enum refund_state)step->from->state;

	if (by_worker && refund_state_is_final(old) && change->state != old)
		search_violation(step->search, "a worker moved a final state");
	if ((old == REFUND_FAILED || old == REFUND_CANCELED) && change->state != old
	    && !is_at_stripe(change->state))
		search_violation(step->search, "FAILED was left without an operator or the money");
	if (by_worker && to->asked_again && change->state == REFUND_NEEDS_ATTENTION)
		search_violation(step->search, "an operator asked again in vain, though nothing was amiss");
	if (change->state != old && !change->alarm
	    && (change->state == REFUND_FAILED || change->state == REFUND_NEEDS_ATTENTION))
		search_violation(step->search, "nobody was told");
	if (change->state != old && !change->mails_parent
	    && (change->state == REFUND_FAILED
		|| (change->state == REFUND_NEEDS_ATTENTION && is_at_stripe(old))))
		search_violation(step->search, "the parent was not told");
	to->state = (uint8_t)change->state;
	if (change->generation != to->generation)
		to->sent = 0;
	to->generation = (uint8_t)change->generation;
}

void claim_step(struct step *step, int w)
{
	struct world to = *step->from;
	struct world_worker *worker = &to.worker[w];

	if (refund_state_is_final((enum refund_state)to.state) || is_leased(step))
		return;
	if (to.state == REFUND_REQUESTED)
		to.state = REFUND_SENDING;
	if (to.attempts < 2)
		to.attempts++;
	*worker = (struct world_worker){.phase = CLAIMED,
					.holds = 1,
					.state = to.state,
					.generation = to.generation,
					.sent = to.sent,
					.attempts = to.attempts};
	step_to(step, &to, "claim", true);
}

static void answered(struct world_worker *worker, enum refund_answer answer)
{
	worker->phase = ANSWERED;
	worker->answer = (uint8_t)answer;
}

static void list_first(struct step *step, int w)
{
	struct world to = *step->from;
	struct world_worker *worker = &to.worker[w];
	struct refund row;

	world_row(worker->state, worker->generation, worker->sent, worker->attempts, &row);
	worker->phase = LISTED;
	if (refund_may_exist(&row) && !step->rules->no_list_first)
		world_take_list(step->from, false, &worker->list);
	step_to(step, &to, worker->list.listed ? "list" : "no list", true);
	if (!worker->list.listed || to.faults == 0)
		return;
	worker->list = (struct world_list){0};
	to.faults--;
	answered(worker, REFUND_ANSWER_UNKNOWN);
	step_to(step, &to, "the list fails", false);
}

static void plan(struct step *step, int w)
{
	struct world to = *step->from;
	struct world_worker *worker = &to.worker[w];
	struct refund row;
	struct refund_list list;
	bool post;

	world_row(worker->state, worker->generation, worker->sent, worker->attempts, &row);
	world_read_list(step->from, &row, &worker->list, &list);
	post = refund_plan(&row, &list) == REFUND_STEP_POST
	       || (step->rules->no_list_first && worker->state == REFUND_SENDING);
	if (!post) {
		answered(worker, REFUND_ANSWER_NOT_SENT);
		step_to(step, &to, "nothing to send", true);
		return;
	}
	if (!fence_holds(step, worker)) {
		*worker = (struct world_worker){.holds = worker->holds};
		to.orphan |= worker->holds;
		worker->holds = 0;
		step_to(step, &to, "fenced off before sending", true);
		return;
	}
	worker->phase = STORED;
	worker->sent = to.sent = 1;
	worker->key = step->rules->no_stored_key ? to.fresh_key++ : worker->generation;
	step_to(step, &to, "store that the key leaves", true);
}

static void send_request(struct step *step, int w)
{
	struct world to = *step->from;

	to.worker[w].phase = SENT;
	step_to(step, &to, "send", true);
	if (to.faults == 0)
		return;
	to.faults--;
	answered(&to.worker[w], REFUND_ANSWER_BUSY);
	step_to(step, &to, "answered: busy", false);
}

static void check_made(struct step *step, const struct world *before, const struct delivery *delivery)
{
	int before_minor, after_minor;

	if (world_live(&delivery->world, true, &after_minor) > world_live(before, true, &before_minor)
	    && before->failed_unasked)
		search_violation(step->search, "a failed refund was repeated though nobody asked for it");
}

static void await_answer(struct step *step, int w)
{
	struct world_worker *worker;
	struct delivery delivery[6];
	int count = world_deliver(step, step->from, step->from->worker[w].key, delivery);
	struct world to;

	for (int i = 0; i < count; i++) {
		check_made(step, step->from, &delivery[i]);
		to = delivery[i].world;
		worker = &to.worker[w];
		answered(worker, delivery[i].answer);
		worker->made = delivery[i].made;
		worker->made_status = delivery[i].made ? to.refund[delivery[i].made - 1].status : 0;
		step_to(step, &to, delivery[i].action, true);
		if (to.faults == 0 || delivery[i].answer == REFUND_ANSWER_UNKNOWN)
			continue;
		to.faults--;
		worker->made = worker->made_status = 0;
		answered(worker, REFUND_ANSWER_UNKNOWN);
		step_to(step, &to, "taken, the answer is lost", false);
	}
	if (step->from->faults == 0)
		return;
	to = *step->from;
	to.faults--;
	to.late[to.worker[w].key]++;
	answered(&to.worker[w], REFUND_ANSWER_UNKNOWN);
	step_to(step, &to, "no answer, the request is still under way", false);
}

static void record(struct step *step, int w)
{
	struct world to = *step->from;
	struct world_worker worker = to.worker[w];
	enum refund_answer answer = (enum refund_answer)worker.answer;
	struct stripe_refund made;
	struct refund row;
	struct refund_list list;
	struct refund_change change;

	if (refund_wants_list_after(answer) && !worker.list.after) {
		if (step->rules->no_list_after)
			to.worker[w].list.after = 1;
		else
			world_take_list(step->from, true, &to.worker[w].list);
		step_to(step, &to, "list after the answer", true);
		return;
	}
	world_row(worker.state, worker.generation, worker.sent, worker.attempts, &row);
	world_read_list(step->from, &row, &worker.list, &list);
	if (worker.made)
		world_see(step->from, worker.made - 1, worker.made_status, &made);
	refund_next(&row, &list, answer, worker.made ? &made : NULL, to.old, &change);
	to.worker[w] = (struct world_worker){0};
	if (fence_holds(step, &worker))
		write_row(step, &to, &change, true);
	else
		to.orphan |= worker.holds;
	if (to.generation < WORLD_KEYS_MAX)
		step_to(step, &to, "record", true);
}

static void accidents(struct step *step, int w)
{
	const struct world_worker *worker = &step->from->worker[w];
	struct world to = *step->from;

	if (worker->phase == IDLE || to.faults == 0)
		return;
	to.faults--;
	if (worker->phase == SENT)
		to.late[worker->key]++;
	to.orphan |= worker->holds;
	to.worker[w] = (struct world_worker){0};
	step_to(step, &to, "killed", false);
	if (!worker->holds)
		return;
	to = *step->from;
	to.faults--;
	to.worker[w].holds = 0;
	step_to(step, &to, "its lease runs out", false);
}

static void late_steps(struct step *step)
{
	for (int key = 0; key < WORLD_KEYS_MAX; key++) {
		struct world before = *step->from;
		struct delivery delivery[6];
		int count;

		if (!before.late[key])
			continue;
		before.late[key]--;
		count = world_deliver(step, &before, key, delivery);
		for (int i = 0; i < count; i++) {
			check_made(step, &before, &delivery[i]);
			step_to(step, &delivery[i].world, "a late request arrives", true);
		}
	}
}

void worker_steps(struct step *step)
{
	struct world to = *step->from;

	for (int w = 0; w < step->rules->workers; w++) {
		accidents(step, w);
		switch ((enum phase)step->from->worker[w].phase) {
		case IDLE:
			continue; /* below: claiming is what a calm run does last */
		case CLAIMED:
			list_first(step, w);
			continue;
		case LISTED:
			plan(step, w);
			continue;
		case STORED:
			send_request(step, w);
			continue;
		case SENT:
			await_answer(step, w);
			continue;
		case ANSWERED:
			record(step, w);
			continue;
		}
	}
	late_steps(step);
	if (to.orphan) {
		to.orphan = 0;
		step_to(step, &to, "a dead worker's lease runs out", true);
	}
}
