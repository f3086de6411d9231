/* What a session says of the money for which nobody asked a refund: the bank has given it back, or a part of it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "session_refund.h"

static struct booking_view view_of(enum booking_status status, struct refund_beside beside)
{
	return (struct booking_view){
		.booking = {.status = status, .price = {4500, "EUR"}},
		.beside = beside,
		.by_hand_at =
			beside.returned_minor ? (struct instant){INT64_C(1800000000000000)} : INSTANT_NONE,
	};
}

static void expect_refund(const struct booking_view *view, const char *status, const char *words,
			  int64_t minor)
{
	char wanted[512];
	struct buf out;

	snprintf(wanted, sizeof(wanted),
		 "{\"status\":\"%s\",\"words\":\"%s\",\"amountMinor\":%lld,\"currency\":\"EUR\","
		 "\"expectedBy\":%s,\"failureReason\":null}",
		 status, words, (long long)minor,
		 strcmp(status, "by_hand") == 0 ? "\"2027-01-29T08:00:00Z\"" : "null");
	buf_init(&out, 4096);
	session_refund_encode(view, true, &out);
	cr_expect_str_eq(out.data, wanted, "status %d", view->booking.status);
	buf_release(&out);
}

#define PART "The bank has given €10.00 of the €45.00 that was paid back to whoever paid."

Test(session_bank, a_part_promises_nothing_of_the_rest)
{
	static const struct {
		struct refund_beside beside;
		const char *status, *words;
		int64_t minor;
	} cases[] = {
		{{0, false, 1000}, "charged_back", PART, 1000},
		{{500, false, 1000}, "by_hand", PART " €5.00 was returned before.", 1500},
		{{500, false, 1000, true}, "by_hand", PART " €5.00 is already on its way.", 1500},
		{{0, true, 1000}, "charged_back", PART, 1000},
	};
	static const enum booking_status statuses[] = {BOOKING_CONFIRMED, BOOKING_COMPLETED,
						       BOOKING_CANCELLED};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (size_t j = 0; j < sizeof statuses / sizeof *statuses; j++) {
			struct booking_view view = view_of(statuses[j], cases[i].beside);

			expect_refund(&view, cases[i].status, cases[i].words, cases[i].minor);
		}
}

/* That no refund by us follows is said of a cancelled one: of the others none is due. */
Test(session_bank, all_of_a_session_that_is_not_cancelled_is_told_without_a_word_of_ours)
{
	static const enum booking_status statuses[] = {BOOKING_CONFIRMED, BOOKING_COMPLETED};

	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		struct booking_view view = view_of(statuses[i], (struct refund_beside){0, false, 4500});

		expect_refund(&view, "charged_back", "The bank has given €45.00 back to whoever paid.", 4500);
		view = view_of(statuses[i], (struct refund_beside){3500, false, 1000});
		expect_refund(&view, "by_hand", PART " €35.00 was returned before.", 4500);
		view = view_of(statuses[i], (struct refund_beside){3500, false, 4500});
		expect_refund(&view, "by_hand",
			      "The bank has given €45.00 back to whoever paid. €35.00 was returned before.",
			      8000);
	}
	struct booking_view cancelled = view_of(BOOKING_CANCELLED, (struct refund_beside){3500, false, 1000});
	expect_refund(&cancelled, "charged_back",
		      "The bank has already given €10.00 back to whoever paid, so no refund by us follows. "
		      "€35.00 was returned before.",
		      1000);
}
