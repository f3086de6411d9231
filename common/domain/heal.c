#include "heal.h"

#include "names.h"

static const char *const pass_names[] = {
	[HEAL_EVENTS] = "events",
	[HEAL_PAYMENTS] = "payments",
	[HEAL_REFUNDS] = "refunds",
	[HEAL_DISPUTES] = "disputes",
	[HEAL_ALL_PAYMENTS] = "all_payments",
	[HEAL_ALL_REFUNDS] = "all_refunds",
	[HEAL_ALL_DISPUTES] = "all_disputes",
};

const char *heal_pass_name(enum heal_pass pass)
{
	return name_find(pass_names, NAMES_COUNT(pass_names), (size_t)pass);
}

bool heal_pass_decode(const char *name, enum heal_pass *ret_pass)
{
	size_t value;

	if (!name_decode(pass_names, NAMES_COUNT(pass_names), name, &value))
		return false;
	*ret_pass = (enum heal_pass)value;
	return true;
}

bool heal_pass_reads_all(enum heal_pass pass)
{
	return pass == HEAL_ALL_PAYMENTS || pass == HEAL_ALL_REFUNDS || pass == HEAL_ALL_DISPUTES;
}

struct heal_span heal_span(enum heal_pass pass, struct instant done_until, struct instant began,
			   struct instant now, int64_t after_us)
{
	struct heal_span span = {.until = {now.us - after_us}};
	int64_t oldest_us =
		span.until.us - (pass == HEAL_ALL_DISPUTES ? HEAL_DISPUTES_BACK_US : HEAL_BACK_US);

	span.from = instant_is_none(done_until) || heal_pass_reads_all(pass) ? began : done_until;
	span.from.us -= HEAL_OVERLAP_US;
	if (span.from.us < oldest_us)
		span.from.us = oldest_us;
	return span;
}
