/* refund_stripe.c: Stripe as the search knows it (stripe.md sections 1 to 3, 9) */
#include <stdio.h>
#include <string.h>

#include "refund_world.h"

static bool is_live_status(uint8_t status)
{
	return status != STRIPE_REFUND_FAILED && status != STRIPE_REFUND_CANCELED;
}

int world_live(const struct world *world, bool ours_only, int *ret_minor)
{
	int count = 0;

	*ret_minor = 0;
	for (int i = 0; i < WORLD_REFUNDS_MAX; i++) {
		const struct world_refund *refund = &world->refund[i];

		if (!refund->exists || !is_live_status(refund->status) || (ours_only && refund->by_hand))
			continue;
		count++;
		*ret_minor += refund->amount;
	}
	return count;
}

bool world_has_live(const struct world *world, int generation)
{
	for (int i = 0; i < WORLD_REFUNDS_MAX; i++) {
		const struct world_refund *refund = &world->refund[i];

		if (refund->exists && !refund->by_hand && refund->generation == generation
		    && is_live_status(refund->status))
			return true;
	}
	return false;
}

void world_see(const struct world *world, int index, uint8_t status, struct stripe_refund *ret_seen)
{
	const struct world_refund *refund = &world->refund[index];

	*ret_seen = (struct stripe_refund){.payment_intent = "pi_1",
					   .amount = {refund->amount, "EUR"},
					   .status = (enum stripe_refund_status)status,
					   .generation = refund->generation,
					   .created_at = {index + 1}};
	snprintf(ret_seen->id, sizeof(ret_seen->id), "re_%d", index);
	if (!refund->by_hand)
		snprintf(ret_seen->refund_id, sizeof(ret_seen->refund_id), "r");
}

void world_take_list(const struct world *world, bool after, struct world_list *ret_list)
{
	*ret_list = (struct world_list){.listed = 1, .after = after};
	for (int i = 0; i < WORLD_REFUNDS_MAX; i++)
		ret_list->status[i] = world->refund[i].exists ? world->refund[i].status : NO_REFUND;
}

void world_read_list(const struct world *world, const struct refund *refund, const struct world_list *seen,
		     struct refund_list *ret_list)
{
	*ret_list = (struct refund_list){
		.listed = seen->listed, .whole = seen->listed, .after_answer = seen->after};
	for (int i = 0; seen->listed && i < WORLD_REFUNDS_MAX; i++) {
		struct stripe_refund found;

		if (seen->status[i] == NO_REFUND)
			continue;
		world_see(world, i, seen->status[i], &found);
		refund_list_add(ret_list, refund, &found);
	}
}

static struct world_refund *free_refund(struct world *world)
{
	for (int i = 0; i < WORLD_REFUNDS_MAX; i++) {
		if (!world->refund[i].exists)
			return &world->refund[i];
	}
	return NULL;
}

static void make(struct world *world, bool by_hand, int generation, int amount, uint8_t status)
{
	struct world_refund *refund = free_refund(world);

	if (refund)
		*refund = (struct world_refund){.exists = 1,
						.by_hand = by_hand,
						.generation = (uint8_t)generation,
						.status = status,
						.amount = (uint8_t)amount,
						.emitted = (uint8_t)(1 << status)};
}

static int number_of_newest(const struct world *world)
{
	int number = 0;

	for (int i = 0; i < WORLD_REFUNDS_MAX; i++) {
		if (world->refund[i].exists)
			number = i + 1;
	}
	return number;
}

/* The key is new: the request is carried out. generation is what its metadata says; with stored keys the two are the same. */
static int execute(const struct step *step, const struct world *world, int key, struct delivery *ret)
{
	int live_minor, count = 0, amount;

	world_live(world, false, &live_minor);
	amount = live_minor < WORLD_CAPTURED ? WORLD_CAPTURED - live_minor : WORLD_CAPTURED;
	if (step->rules->stripe_refuses && live_minor >= WORLD_CAPTURED) {
		ret[0] = (struct delivery){*world, REFUND_ANSWER_ALREADY, 0, "answered: already refunded"};
		ret[0].world.key[key] = KEY_FROZEN;
		return 1;
	}
	for (int status = STRIPE_REFUND_PENDING; status <= STRIPE_REFUND_SUCCEEDED; status += 2) {
		struct delivery *made = &ret[count++];

		*made = (struct delivery){*world, REFUND_ANSWER_REFUND, 0, "refund made"};
		make(&made->world, false, step->rules->no_stored_key ? 1 : key, amount, (uint8_t)status);
		made->made = (uint8_t)number_of_newest(&made->world);
		made->world.key[key] = made->made;
	}
	if (world->faults == 0)
		return count;
	ret[count] = ret[0];
	ret[count].answer = REFUND_ANSWER_UNKNOWN;
	ret[count].action = "refund made, 500 stored";
	ret[count].world.key[key] = KEY_FROZEN;
	ret[count++].world.faults--;
	ret[count] = (struct delivery){*world, REFUND_ANSWER_UNKNOWN, 0, "nothing made, 500 stored"};
	ret[count].world.key[key] = KEY_FROZEN;
	ret[count++].world.faults--;
	ret[count] = (struct delivery){*world, REFUND_ANSWER_REFUSED, 0, "refused, as it is now"};
	ret[count].world.key[key] = KEY_REFUSED;
	ret[count++].world.faults--;
	return count;
}

int world_deliver(const struct step *step, const struct world *world, int key,
		  struct delivery ret_deliveries[6])
{
	if (world->key[key] == KEY_NEW)
		return execute(step, world, key, ret_deliveries);
	if (world->key[key] == KEY_FROZEN)
		ret_deliveries[0] = (struct delivery){*world, refund_answer_replayed(REFUND_ANSWER_UNKNOWN),
						      0, "answered: stored error"};
	else if (world->key[key] == KEY_REFUSED)
		ret_deliveries[0] = (struct delivery){*world,
						      step->rules->believes_again
							      ? REFUND_ANSWER_REFUSED
							      : refund_answer_replayed(REFUND_ANSWER_REFUSED),
						      0, "answered: stored refusal"};
	else
		ret_deliveries[0] = (struct delivery){*world, REFUND_ANSWER_REFUND, world->key[key],
						      "answered: stored refund"};
	return 1;
}

/* A pending refund ends, a done one turns out to have failed. */
static void money_steps(struct step *step)
{
	for (int i = 0; i < WORLD_REFUNDS_MAX; i++) {
		const struct world_refund *refund = &step->from->refund[i];
		struct world to = *step->from;

		if (!refund->exists || !is_live_status(refund->status))
			continue;
		if (refund->status == STRIPE_REFUND_PENDING) {
			to.refund[i].status = STRIPE_REFUND_SUCCEEDED;
			to.refund[i].emitted |= 1 << STRIPE_REFUND_SUCCEEDED;
			step_to(step, &to, "Stripe: it succeeds", true);
		}
		if (step->from->failures == 0)
			continue;
		to = *step->from;
		to.failures--;
		to.failed_unasked |= !refund->by_hand && refund->generation >= to.asked_generation;
		to.refund[i].status = STRIPE_REFUND_FAILED;
		to.refund[i].emitted |= 1 << STRIPE_REFUND_FAILED;
		step_to(step, &to, "Stripe: it fails", false);
	}
}

static void by_hand_steps(struct step *step)
{
	int live_minor;
	struct world to = *step->from;

	world_live(step->from, false, &live_minor);
	if (to.hands == 0 || live_minor >= WORLD_CAPTURED)
		return;
	to.hands--;
	make(&to, true, 0, WORLD_CAPTURED - live_minor, STRIPE_REFUND_SUCCEEDED);
	step_to(step, &to, "somebody refunds the rest by hand", false);
	if (live_minor + 40 >= WORLD_CAPTURED)
		return;
	to = *step->from;
	to.hands--;
	make(&to, true, 0, 40, STRIPE_REFUND_SUCCEEDED);
	step_to(step, &to, "somebody refunds a part by hand", false);
}

/* More than a day: keys are forgotten and leases are long over. No request is under way for so long (outside every promise). */
static void days_steps(struct step *step)
{
	struct world to = *step->from;

	if (to.prunes == 0)
		return;
	for (int i = 0; i < WORLD_KEYS_MAX; i++) {
		if (to.late[i])
			return;
	}
	for (int i = 0; i < step->rules->workers; i++) {
		if (to.worker[i].phase == STORED || to.worker[i].phase == SENT)
			return;
		to.worker[i].holds = 0;
	}
	to.prunes--;
	to.orphan = 0;
	memset(to.key, KEY_NEW, sizeof(to.key));
	step_to(step, &to, "a day goes by", false);
	to.old = 1;
	step_to(step, &to, "three days go by", false);
}

void stripe_steps(struct step *step)
{
	money_steps(step);
	by_hand_steps(step);
	days_steps(step);
}
