#include "search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOWHERE UINT32_MAX
#define END     (UINT32_MAX - 1)

struct node {
	uint32_t parent;
	uint32_t
		calm; /* where a run without faults goes from here; END, or NOWHERE when the model forgot to say */
	const char *action;
};

struct search {
	const struct search_model *model;
	unsigned char *states;
	struct node *nodes;
	uint32_t *table;
	size_t table_size; /* power of two */
	size_t count, cap;
	uint32_t current;
	const char *violation;
	uint32_t violated_at;
};

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static uint64_t hash_of(const unsigned char *bytes, size_t len)
{
	uint64_t hash = 0x9e3779b97f4a7c15u;

	for (; len >= 8; bytes += 8, len -= 8) {
		uint64_t word;

		memcpy(&word, bytes, 8);
		hash = (hash ^ word) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
	}
	for (; len > 0; bytes++, len--)
		hash = (hash ^ *bytes) * 0x100000001b3u;
	return hash ^ (hash >> 29);
}

static const unsigned char *state_at(const struct search *search, uint32_t index)
{
	return search->states + (size_t)index * search->model->state_bytes;
}

static uint32_t *slot_for(const struct search *search, const void *state)
{
	size_t at = hash_of(state, search->model->state_bytes) & (search->table_size - 1);

	while (search->table[at] != NOWHERE
	       && memcmp(state_at(search, search->table[at]), state, search->model->state_bytes) != 0)
		at = (at + 1) & (search->table_size - 1);
	return &search->table[at];
}

static void grow(struct search *search)
{
	search->cap *= 2;
	search->states = must(realloc(search->states, search->cap * search->model->state_bytes));
	search->nodes = must(realloc(search->nodes, search->cap * sizeof(struct node)));
	free(search->table);
	search->table_size = search->cap * 2;
	search->table = must(malloc(search->table_size * sizeof(uint32_t)));
	memset(search->table, 0xff, search->table_size * sizeof(uint32_t));
	for (uint32_t i = 0; i < search->count; i++)
		*slot_for(search, state_at(search, i)) = i;
}

void search_add(struct search *search, const void *state, const char *action, bool calm)
{
	uint32_t *slot = slot_for(search, state);
	uint32_t index = *slot;

	if (index == NOWHERE) {
		index = (uint32_t)search->count;
		*slot = index;
		memcpy(search->states + search->count * search->model->state_bytes, state,
		       search->model->state_bytes);
		search->nodes[index] = (struct node){search->current, NOWHERE, action};
		search->count++;
		if (search->count == search->cap)
			grow(search);
	}
	if (calm)
		search->nodes[search->current].calm = index;
}

void search_end(struct search *search)
{
	search->nodes[search->current].calm = END;
}

void search_violation(struct search *search, const char *what)
{
	if (search->violation)
		return;
	search->violation = what;
	search->violated_at = search->current;
}

/* Follow the calm successors from every state; a way that comes back to itself never ends. */
static void check_ends(struct search *search)
{
	uint32_t *seen = must(calloc(search->count + 1, sizeof(uint32_t)));

	for (uint32_t start = 0; start < search->count && !search->violation; start++) {
		uint32_t at = start;

		while (at != END && !search->violation && !seen[at]) {
			seen[at] = start + 1;
			search->current = at;
			at = search->nodes[at].calm;
			if (at == NOWHERE)
				search_violation(search,
						 "stuck: nothing happens any more, yet it is not over");
			else if (at != END && seen[at] == start + 1)
				search_violation(search, "goes round for ever without any fault");
		}
	}
	free(seen);
}

static size_t count_ends(const struct search *search)
{
	size_t ends = 0;

	for (size_t i = 0; i < search->count; i++)
		ends += search->nodes[i].calm == END;
	return ends;
}

static void write_trace(const struct search *search, char *ret_trace, size_t cap)
{
	uint32_t way[256];
	size_t steps = 0, used = 0;

	for (uint32_t at = search->violated_at; at != NOWHERE && steps < 256; at = search->nodes[at].parent)
		way[steps++] = at;
	while (steps-- > 0 && used < cap)
		used += (size_t)snprintf(ret_trace + used, cap - used, " > %s",
					 search->nodes[way[steps]].action);
}

void search_run(const struct search_model *model, const void *initial, struct search_result *ret)
{
	struct search search = {.model = model, .cap = 1u << 12, .current = NOWHERE};
	unsigned char *state = must(malloc(model->state_bytes));

	grow(&search);
	search_add(&search, initial, "start", false);
	for (search.current = 0; search.current < search.count && !search.violation; search.current++) {
		memcpy(state, state_at(&search, search.current), model->state_bytes); /* the array may move */
		model->successors(state, &search, model->context);
		if (search.count > model->states_max)
			search_violation(&search, "more states than the bound");
		if (search.violation)
			break;
	}
	if (!search.violation)
		check_ends(&search);
	*ret = (struct search_result){
		.states = search.count, .ends = count_ends(&search), .violation = search.violation};
	if (search.violation)
		write_trace(&search, ret->trace, sizeof(ret->trace));
	free(state);
	free(search.states);
	free(search.nodes);
	free(search.table);
}
