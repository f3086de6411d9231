/* refund_handlers.c: Stripe's events and the operator, and the search itself */
#include <string.h>

#include "refund_world.h"

const struct world world_initial =
	{.state = REFUND_REQUESTED, .generation = 1, .faults = 2, .failures = 1, .prunes = 1, .retries = 1};

static bool same_row(const struct world *world, const struct refund_change *change)
{
	return world->state == change->state && world->generation == change->generation;
}

/* What a list made now would do to the row. */
static void look_now(const struct world *world, struct world_list *ret_seen, struct refund_change *ret_change)
{
	struct refund row;
	struct refund_list list;

	world_row(world->state, world->generation, world->sent, 2, &row);
	world_take_list(world, false, ret_seen);
	world_read_list(world, &row, ret_seen, &list);
	refund_next(&row, &list, REFUND_ANSWER_NOT_SENT, NULL, false, ret_change);
}

static void one_event(struct step *step, int index, uint8_t status)
{
	struct world to = *step->from;
	struct stripe_refund seen;
	struct refund row;
	struct refund_change change;

	world_row(to.state, to.generation, to.sent, 2, &row);
	world_see(step->from, index, status, &seen);
	if (!refund_event_next(&row, &seen, &change))
		return;
	if (!same_row(&to, &change))
		write_row(step, &to, &change, false);
	if (change.list_next && !to.handler.active) {
		struct refund_change then;
		struct world_list list;

		look_now(&to, &list, &then);
		if (!same_row(&to, &then))
			to.handler = (struct world_handler){.active = 1,
							    .state = to.state,
							    .generation = to.generation,
							    .sent = to.sent,
							    .list = list};
	}
	if (memcmp(&to, step->from, sizeof(to)) != 0)
		step_to(step, &to, "event", true);
}

static void event_steps(struct step *step)
{
	for (int i = 0; i < WORLD_REFUNDS_MAX; i++) {
		for (int status = 0; status <= STRIPE_REFUND_CANCELED; status++) {
			if (step->from->refund[i].exists && (step->from->refund[i].emitted & (1 << status)))
				one_event(step, i, (uint8_t)status);
		}
	}
}

static void handler_records(struct step *step)
{
	const struct world_handler *handler = &step->from->handler;
	struct world to = *step->from;
	struct refund row;
	struct refund_list list;
	struct refund_change change;

	if (!handler->active)
		return;
	to.handler = (struct world_handler){0};
	if (to.state == handler->state && to.generation == handler->generation) {
		world_row(handler->state, handler->generation, handler->sent, 2, &row);
		world_read_list(step->from, &row, &handler->list, &list);
		if (!handler->operator_retries) {
			refund_next(&row, &list, REFUND_ANSWER_NOT_SENT, NULL, false, &change);
			write_row(step, &to, &change, false);
		} else if (refund_retry_next(&row, &list, &change)) {
			if (step->rules->blind_retry && change.state == REFUND_REQUESTED)
				change.generation = row.generation + 1;
			to.sent = change.generation == row.generation && to.sent;
			to.state = (uint8_t)change.state;
			to.generation = (uint8_t)change.generation;
			to.failed_unasked = 0;
			to.asked_generation = to.generation;
			to.asked_again = to.state == REFUND_REQUESTED && !world_has_live(&to, to.generation);
		}
	}
	step_to(step, &to, handler->operator_retries ? "operator records" : "handler records", true);
}

static void operator_asks(struct step *step)
{
	struct world to = *step->from;

	if (to.retries == 0 || to.handler.active || !refund_state_is_final((enum refund_state)to.state)
	    || to.state == REFUND_SUCCEEDED)
		return;
	to.retries--;
	to.handler = (struct world_handler){.active = 1,
					    .operator_retries = 1,
					    .state = to.state,
					    .generation = to.generation,
					    .sent = to.sent};
	world_take_list(&to, false, &to.handler.list);
	step_to(step, &to, "operator lists", false);
}

void handler_steps(struct step *step)
{
	handler_records(step);
	event_steps(step);
	operator_asks(step);
}

/* It does not matter which worker is which. */
static void sort_workers(struct world *world, int count)
{
	for (int i = 1; i < count; i++) {
		for (int j = i; j > 0; j--) {
			struct world_worker *a = &world->worker[j - 1], *b = &world->worker[j], copy = *a;

			if (memcmp(a, b, sizeof(*a)) >= 0)
				break;
			*a = *b;
			*b = copy;
		}
	}
}

void step_to(struct step *step, const struct world *to, const char *action, bool may_be_calm)
{
	struct world sorted = *to;

	if (to->faults < step->from->faults || to->failures < step->from->failures
	    || to->hands < step->from->hands)
		sorted.asked_again = 0;
	sort_workers(&sorted, step->rules->workers);
	search_add(step->search, &sorted, action, may_be_calm && !step->calm_taken);
	step->calm_taken |= may_be_calm;
}

static void check(const struct step *step)
{
	const struct world *world = step->from;
	int ours_minor, all_minor;

	if (world_live(world, true, &ours_minor) > 1 && ours_minor > WORLD_CAPTURED)
		search_violation(step->search, "two live refunds of ours");
	world_live(world, false, &all_minor);
	if (all_minor > WORLD_CAPTURED)
		search_violation(step->search, "more refunded than captured");
}

/* Nothing moves any more: the row must tell the truth. */
static void check_end(const struct step *step)
{
	const struct world *world = step->from;
	int minor;

	if (!refund_state_is_final((enum refund_state)world->state))
		search_violation(step->search, "over, but the row is open");
	world_live(world, false, &minor);
	if ((world->state == REFUND_SUCCEEDED) != (minor >= WORLD_CAPTURED))
		search_violation(step->search, "over: the row and the money disagree");
}

static void successors(const void *state, struct search *search, void *context)
{
	struct step step = {.rules = context, .search = search, .from = state};

	check(&step);
	worker_steps(&step);
	stripe_steps(&step);
	handler_steps(&step);
	for (int w = 0; w < step.rules->workers; w++) {
		if (step.from->worker[w].phase == IDLE)
			claim_step(&step, w);
	}
	if (!step.calm_taken) {
		search_end(search);
		check_end(&step);
	}
}

void world_search(const struct world_rules *rules, const struct world *initial, struct search_result *ret)
{
	struct world_rules copy = *rules;
	struct search_model model = {.state_bytes = sizeof(struct world),
				     .successors = successors,
				     .context = &copy,
				     .states_max = 6000000};

	search_run(&model, initial, ret);
}
