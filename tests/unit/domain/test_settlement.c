/* An operator's reference against what has gone back: every mix of three refunds and disputes, named or not, with words or without. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "settlement.h"

enum { REFUND, DISPUTE, OTHER_DISPUTE, PARTS };
enum { ABSENT, GAVE, DID_NOT, STATES };
#define OWED 4500

static const char *const ids[PARTS] = {"re_1", "dp_1", "du_12"};
static const int64_t amounts[] = {1000, 1500, 2000, 4500};
#define AMOUNTS (sizeof amounts / sizeof *amounts)

struct mix {
	int state[PARTS];
	int64_t minor[PARTS];
	bool is_named[PARTS];
	bool has_words;
};

static struct settlement check_mix(const struct mix *mix)
{
	static char reference[64];
	static struct settlement_part parts[PARTS];
	struct settlement_case about = {reference, OWED, parts, 0};

	snprintf(reference, sizeof reference, "%s%s%s%s", mix->has_words ? "SEPA 9: " : "(",
		 mix->is_named[REFUND] ? "re_1," : "", mix->is_named[DISPUTE] ? " dp_1;" : "",
		 mix->is_named[OTHER_DISPUTE] ? "du_12." : "");
	for (int i = 0; i < PARTS; i++) {
		if (mix->state[i] != ABSENT)
			parts[about.count++] = (struct settlement_part){ids[i],
									i == REFUND             ? NULL
									: mix->state[i] == GAVE ? "lost"
												: "won",
									mix->minor[i], mix->state[i] == GAVE};
	}
	return settlement_check(&about);
}

static enum settlement_kind expected(const struct mix *mix)
{
	bool has_unnamed = false, has_unnamed_dispute = false;
	int64_t given = 0;

	for (int i = 0; i < PARTS; i++) {
		if (mix->is_named[i] && mix->state[i] != GAVE)
			return i != REFUND && mix->state[i] == DID_NOT ? SETTLEMENT_UNFIT_DISPUTE
								       : SETTLEMENT_UNKNOWN_ID;
		if (mix->state[i] != GAVE)
			continue;
		given += mix->minor[i];
		has_unnamed = has_unnamed || !mix->is_named[i];
		has_unnamed_dispute = has_unnamed_dispute || (i != REFUND && !mix->is_named[i]);
	}
	if (given < OWED)
		return mix->has_words ? SETTLEMENT_FINE : SETTLEMENT_PART;
	return has_unnamed_dispute || (has_unnamed && mix->has_words) ? SETTLEMENT_WHOLE : SETTLEMENT_FINE;
}

static void check(const struct mix *mix)
{
	struct settlement got = check_mix(mix);
	int64_t given = 0, named = 0;

	for (int i = 0; i < PARTS; i++) {
		given += mix->state[i] == GAVE ? mix->minor[i] : 0;
		named += mix->state[i] == GAVE && mix->is_named[i] ? mix->minor[i] : 0;
	}
	cr_assert_eq(got.kind, expected(mix), "%d%d%d named %d%d%d words %d", mix->state[0], mix->state[1],
		     mix->state[2], mix->is_named[0], mix->is_named[1], mix->is_named[2], mix->has_words);
	cr_assert_eq(got.rest_minor, given < OWED ? OWED - given : 0);
	cr_assert_eq(got.named_minor, named);
	if (got.kind == SETTLEMENT_WHOLE)
		cr_assert(got.part->gave_back
			  && !mix->is_named[got.part->id[0] == 'r'   ? REFUND
					    : got.part->id[1] == 'p' ? DISPUTE
								     : OTHER_DISPUTE]);
	if (got.kind == SETTLEMENT_UNFIT_DISPUTE)
		cr_assert(strcmp(got.part->dispute_status, "won") == 0
			  && memcmp(got.part->id, got.id, (size_t)got.id_len) == 0);
}

Test(settlement, every_mix_of_what_gave_back_and_what_is_named_is_judged)
{
	for (unsigned mixed = 0; mixed < 27 * 64 * 16; mixed++) {
		unsigned states = mixed % 27, sums = mixed / 27 % 64, names = mixed / 27 / 64;
		struct mix mix = {.has_words = names & 8};

		for (int i = 0; i < PARTS; i++, states /= STATES, sums /= AMOUNTS) {
			mix.state[i] = (int)(states % STATES);
			mix.minor[i] = amounts[sums % AMOUNTS];
			mix.is_named[i] = names >> i & 1;
		}
		check(&mix);
	}
}

static struct settlement said(const char *reference)
{
	static const struct settlement_part parts[] = {{"re_1", NULL, 1000, true},
						       {"re_2", NULL, 1000, false}};

	return settlement_check(&(struct settlement_case){reference, OWED, parts, 2});
}

Test(settlement, what_looks_like_an_id_and_gave_nothing_back_is_named)
{
	static const char *const unknown[] = {"re_9", "pyr_9", "dp_9",  "du_9",  "RE_1",    "Re_1",
					      "re_2", "re_12", "re_1_", "PYR_1", "dp_re_1", "du__"};
	char reference[64];

	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
		for (int form = 0; form < 3; form++) {
			struct settlement got;

			snprintf(reference, sizeof reference,
				 form == 0   ? "%s"
				 : form == 1 ? "SEPA 9 (%s), re_9"
					     : "re_1/%s",
				 unknown[i]);
			got = said(reference);
			cr_assert_eq(got.kind, SETTLEMENT_UNKNOWN_ID, "%s", reference);
			cr_assert_eq(got.id_len, (int)strlen(unknown[i]), "%s", reference);
			cr_assert_eq(memcmp(got.id, unknown[i], strlen(unknown[i])), 0, "%s", reference);
		}
	}
}

Test(settlement, words_are_no_ids)
{
	static const char *const words[] = {"re_",   "pre_9", "re-9",  "SEPA_re_9",
					    "_re_9", "pyr",   "due_1", "dp 1"};
	static const char *const nothing[] = {"", " ", "re_1", " re_1, re_1.", "--- _ __", "re_1 _"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		cr_assert_eq(said(words[i]).kind, SETTLEMENT_FINE, "%s", words[i]);
	for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
		cr_assert_eq(said(nothing[i]).kind, SETTLEMENT_PART, "%s", nothing[i]);
	cr_assert_eq(said("re_1").named_minor, 1000);
}
