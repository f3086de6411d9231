/* What a session says of a refund that an operator has settled. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include "session_refund.h"

static struct booking_view settled_for(int64_t minor, const struct refund_beside *beside)
{
	return (struct booking_view){
		.booking = {.id = 7, .parent_id = 1, .status = BOOKING_CANCELLED, .price = {4500, "EUR"}},
		.has_refund = true,
		.refund = {.state = REFUND_NEEDS_ATTENTION,
			   .captured = {4500, "EUR"},
			   .is_settled = true,
			   .settled_minor = minor},
		.beside = *beside,
	};
}

static void add(char words[256], const char *before, int64_t minor, const char *after)
{
	char amount[MONEY_TEXT_BYTES];
	size_t used = strlen(words);

	money_to_words((struct money){minor, "EUR"}, "en", amount);
	snprintf(words + used, 256 - used, "%s%s%s%s", used ? " " : "", before, amount, after);
}

static void expect_words(int64_t settled, const struct refund_beside *beside, char ret_words[256])
{
	int64_t given = beside->returned_minor + beside->charged_back_minor, lacks = 4500 - given - settled;

	ret_words[0] = '\0';
	if (lacks > 0 && beside->is_disputed)
		snprintf(ret_words, 256,
			 "The payment is disputed with the bank, which decides where the money goes.");
	else if (lacks > 0)
		add(ret_words, "The refund of ", lacks, " takes longer than usual. We are looking into it.");
	if (settled > 0)
		add(ret_words, "", settled, " was returned another way.");
	if (given > 0)
		add(ret_words, "", given, " was returned before.");
}

static void check(int64_t settled, const struct refund_beside *beside)
{
	int64_t lacks = 4500 - beside->returned_minor - beside->charged_back_minor - settled;
	const struct booking_view view = settled_for(settled, beside);
	char expected[256];
	struct buf out;
	json_t *json;

	buf_init(&out, 4096);
	session_refund_encode(&view, true, &out);
	json = json_loads(out.data, 0, NULL);
	expect_words(settled, beside, expected);
	cr_assert_str_eq(json_string_value(json_object_get(json, "words")), expected);
	cr_assert_str_eq(json_string_value(json_object_get(json, "status")),
			 lacks > 0 ? "needs_attention" : "settled");
	cr_assert_eq(json_integer_value(json_object_get(json, "amountMinor")), lacks > 0 ? lacks : settled);
	cr_assert(json_is_null(json_object_get(json, "expectedBy")));
	cr_assert_not(session_refunds_in_full(&view));
	json_decref(json);
	buf_release(&out);
}

/* All mixes of less than the payment at Stripe and with the bank, and of what went another way: too little, enough, too much. */
Test(session_settled, it_says_what_went_another_way_and_what_lacks_since)
{
	static const int64_t amounts[] = {0, 1, 1000, 2500, 3500, 4499, 4500};

	for (int i = 0; i < 7 * 7 * 7 * 2; i++) {
		struct refund_beside beside = {amounts[i % 7], i >= 343, amounts[i / 7 % 7]};

		if (beside.returned_minor + beside.charged_back_minor < 4500)
			check(amounts[i / 49 % 7], &beside);
	}
}

Test(session_settled, what_lacks_is_said_to_others_without_we)
{
	struct booking_view view = settled_for(2500, &(struct refund_beside){0});
	char words[SESSION_WORDS_BYTES];

	session_refund_words(&view, false, words);
	cr_assert_str_eq(words,
			 "The refund of €20.00 takes longer than usual and has to be looked into. €25.00 was "
			 "returned another way.");
}
