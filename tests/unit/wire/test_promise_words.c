/* What the answer to a cancel says of the money. */
#include <criterion/criterion.h>

#include "session_refund.h"

Test(promise_words, a_cancel_is_answered_with_what_is_on_its_way_already)
{
	const struct refund_beside part = {.returned_minor = 1000, .is_on_its_way = true},
				   whole = {.returned_minor = 4500, .is_on_its_way = true};
	struct refund_promise promise = refund_promise((struct money){4500, "EUR"}, &part);
	char words[SESSION_WORDS_BYTES];

	session_promise_words(&promise, "your card", words);
	cr_assert_str_eq(
		words,
		"A refund of the remaining €35.00 is on its way to your card; banks take 5 to 10 business "
		"days to show it. €10.00 is already on its way.");
	promise = refund_promise((struct money){4500, "EUR"}, &whole);
	session_promise_words(&promise, "your card", words);
	cr_assert_str_eq(words, "€45.00 was sent back before, so nothing is left to return.");
}

Test(promise_words, the_bank_gave_what_it_gave_also_when_less_was_left)
{
	const struct refund_beside beside = {.returned_minor = 3000, .charged_back_minor = 4500};
	struct refund_promise promise = refund_promise((struct money){4500, "EUR"}, &beside);
	char words[SESSION_WORDS_BYTES];

	session_promise_words(&promise, "your card", words);
	cr_assert_str_eq(words, "The bank has already given €45.00 back to whoever paid, so no refund by us "
				"follows. €30.00 was returned before.");
}
