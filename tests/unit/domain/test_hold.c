#include <criterion/criterion.h>

#include "hold.h"
#include "sample.h"

#define OFFER_ID  5
#define HOLDS_MAX 3

static struct hold_request sample_request(void)
{
	return (struct hold_request){.parent_id = PARENT_ID,
				     .student_id = STUDENT_ID,
				     .teacher_id = TEACHER_ID,
				     .starts_at = {SAMPLE_START_US}};
}

static struct hold_facts sample_facts(void)
{
	return (struct hold_facts){.now = before_start(48 * US_PER_HOUR),
				   .offer_count = 1,
				   .offer = {.id = OFFER_ID, .min_notice_s = HOUR_S},
				   .student_is_own = true};
}

static struct booking sample_hold(void)
{
	struct booking booking = sample_booking();

	booking.status = BOOKING_PENDING;
	booking.offer_id = OFFER_ID;
	booking.hold_expires_at = before_start(47 * US_PER_HOUR);
	return booking;
}

/* "new", "same" or the code of the refusal. */
static const char *decided(const struct hold_request *request, const struct hold_facts *facts)
{
	static struct err err;
	enum hold_outcome outcome;

	err = (struct err){0};
	if (hold_decide(request, facts, HOLDS_MAX, &outcome, &err)) {
		cr_expect_eq(err.kind, ERR_REJECT);
		return err.code;
	}
	return outcome == HOLD_NEW ? "new" : "same";
}

static const char *decided_with(const struct booking *rival)
{
	struct hold_request request = sample_request();
	struct hold_facts facts = sample_facts();

	facts.rival = rival;
	return decided(&request, &facts);
}

Test(hold, a_free_slot_is_held)
{
	cr_assert_str_eq(decided_with(NULL), "new");
}

Test(hold, what_is_not_on_sale_is_not_held)
{
	struct hold_request request = sample_request();
	struct hold_facts facts = sample_facts();

	facts.offer_count = 0;
	cr_expect_str_eq(decided(&request, &facts), "not_offered");
	facts.offer_count = 2;
	cr_expect_str_eq(decided(&request, &facts), "offer_needed");
	facts.offer_count = 1;
	facts.student_is_own = false;
	cr_expect_str_eq(decided(&request, &facts), "not_your_student");
}

Test(hold, the_notice_counts_to_the_microsecond)
{
	static const struct {
		int64_t ahead_us, min_notice_s;
		const char *expect;
	} cases[] = {
		{US_PER_HOUR, HOUR_S, "new"},
		{US_PER_HOUR - 1, HOUR_S, "too_soon"},
		{1, 0, "new"},
		{0, 0, "too_soon"},
		{-1, 0, "too_soon"},
		{365 * 24 * US_PER_HOUR, HOUR_S, "new"},
		{365 * 24 * US_PER_HOUR + 1, HOUR_S, "too_far"},
	};
	struct hold_request request = sample_request();
	struct hold_facts facts = sample_facts();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		facts.now = before_start(cases[i].ahead_us);
		facts.offer.min_notice_s = cases[i].min_notice_s;
		cr_expect_str_eq(decided(&request, &facts), cases[i].expect, "case %zu", i);
	}
}

Test(hold, the_own_live_hold_is_answered_again)
{
	struct booking rival = sample_hold();

	cr_assert_str_eq(decided_with(&rival), "same");
}

Test(hold, the_own_hold_is_answered_though_it_is_too_late_for_a_new_one)
{
	struct hold_request request = sample_request();
	struct hold_facts facts = sample_facts();
	struct booking rival = sample_hold();

	rival.hold_expires_at = before_start(0);
	facts.rival = &rival;
	facts.now = before_start(US_PER_S);
	cr_assert_str_eq(decided(&request, &facts), "same");
}

Test(hold, another_offer_student_or_time_is_the_own_hold_in_the_way)
{
	struct booking offer = sample_hold(), student = sample_hold(), time = sample_hold();

	offer.offer_id++;
	student.student_id = PARENT_ID;
	time.starts_at.us += US_PER_HOUR / 2;
	cr_expect_str_eq(decided_with(&offer), "own_hold");
	cr_expect_str_eq(decided_with(&student), "own_hold");
	cr_expect_str_eq(decided_with(&time), "own_hold");
}

Test(hold, what_is_sold_or_held_by_others_is_taken_and_the_own_hold_that_is_over_ends)
{
	struct booking other = sample_hold(), paid = sample_hold(), over = sample_hold();

	other.parent_id = SOMEBODY;
	paid.status = BOOKING_CONFIRMED;
	over.hold_expires_at = before_start(48 * US_PER_HOUR);
	cr_expect_str_eq(decided_with(&other), "slot_taken");
	cr_expect_str_eq(decided_with(&paid), "slot_taken");
	cr_expect_str_eq(decided_with(&over), "hold_ends");
	over.offer_id++;
	cr_expect_str_eq(decided_with(&over), "hold_ends");
	over.parent_id = SOMEBODY;
	cr_expect_str_eq(decided_with(&over), "slot_taken");
}

Test(hold, a_payment_that_is_being_processed_keeps_the_own_hold_before_and_after_its_end)
{
	struct booking live = sample_hold(), over = sample_hold(), other = sample_hold();

	live.payment_awaited = over.payment_awaited = other.payment_awaited = true;
	over.hold_expires_at = before_start(48 * US_PER_HOUR);
	other.parent_id = SOMEBODY;
	cr_expect_str_eq(decided_with(&live), "payment_awaited");
	cr_expect_str_eq(decided_with(&over), "payment_awaited");
	cr_expect_str_eq(decided_with(&other), "slot_taken");
}

Test(hold, no_parent_holds_more_at_once_than_the_limit_allows)
{
	struct hold_request request = sample_request();
	struct booking own = sample_hold(), other = sample_hold();

	other.parent_id = SOMEBODY;
	for (int64_t limit = 0; limit <= 5; limit++)
		for (int64_t held = 0; held <= 7; held++) {
			struct hold_facts facts = sample_facts();
			enum hold_outcome outcome;
			struct err err = {0};

			facts.live_holds = held;
			if (limit == 0 || held < limit) {
				cr_expect_eq(hold_decide(&request, &facts, limit, &outcome, &err), ERR_OK);
				cr_expect_eq(outcome, HOLD_NEW);
			} else {
				cr_expect_eq(hold_decide(&request, &facts, limit, &outcome, &err),
					     ERR_REJECT);
				cr_expect_str_eq(err.code, "too_many_holds", "%d of %d", (int)held,
						 (int)limit);
			}
			facts.rival =
				&own; /* the own hold is no new one, and another's is in the way anyhow */
			cr_expect_eq(hold_decide(&request, &facts, limit, &outcome, &err), ERR_OK);
			cr_expect_eq(outcome, HOLD_SAME);
			facts.rival = &other;
			cr_expect_eq(hold_decide(&request, &facts, limit, &outcome, &err), ERR_REJECT);
			cr_expect_str_eq(err.code, "slot_taken");
		}
}

Test(hold, it_ends_at_a_whole_second)
{
	cr_assert_eq(hold_end((struct instant){10 * US_PER_S + 999999}, 2100).us, 2110 * US_PER_S);
}

Test(hold, notes_are_taken_when_they_are_given_and_differ)
{
	const char *const texts[] = {NULL, "fractions", "decimals"};

	for (int held = 0; held < 3; held++)
		for (int wanted = 0; wanted < 3; wanted++) {
			const struct booking hold = {.notes = texts[held]};
			struct hold_request request = {.notes = texts[wanted]};

			cr_expect_not(hold_takes_notes(&request, &hold), "not given");
			request.has_notes = true;
			cr_expect_eq(hold_takes_notes(&request, &hold), held != wanted, "%d %d", held,
				     wanted);
		}
}
