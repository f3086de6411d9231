/* The 24 hours themselves: to the microsecond, across clock changes, leap days and year ends; and the words for them. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cancel.h"
#include "sample.h"

#define BERLIN   "CET-1CEST,M3.5.0,M10.5.0/3"
#define NEW_YORK "EST5EDT,M3.2.0,M11.1.0"

/* A wall-clock time "2026-03-29 10:00" of a POSIX time zone. */
static struct instant wall(const char *zone, const char *text)
{
	struct tm tm = {.tm_isdst = -1};

	cr_assert_not_null(strptime(text, "%Y-%m-%d %H:%M", &tm));
	tm.tm_isdst = -1;
	setenv("TZ", zone, 1);
	tzset();
	return (struct instant){(int64_t)mktime(&tm) * US_PER_S};
}

static bool parent_may(struct instant starts_at, int64_t notice_s, struct instant now)
{
	struct booking booking = sample_booking();
	struct actor parent = {PARENT_ID, ROLE_PARENT};
	struct cancellation got;

	booking.starts_at = starts_at;
	booking.cancel_notice_s = notice_s;
	return cancel_decide(&booking, &parent, NULL, now, &got, NULL) == ERR_OK;
}

/* Allowed until just before edge, refused from it on. */
static void edge_is(struct instant starts_at, int64_t notice_s, struct instant edge)
{
	static const int64_t steps_us[] = {1, US_PER_MS, US_PER_S, US_PER_HOUR};

	cr_assert_not(parent_may(starts_at, notice_s, edge), "start %lld edge %lld", (long long)starts_at.us,
		      (long long)edge.us);
	for (size_t i = 0; i < 4; i++) {
		cr_assert(parent_may(starts_at, notice_s, (struct instant){edge.us - steps_us[i]}),
			  "start %lld edge %lld", (long long)starts_at.us, (long long)edge.us);
		cr_assert_not(parent_may(starts_at, notice_s, (struct instant){edge.us + steps_us[i]}));
	}
}

static void day_before(const char *zone, const char *start, const char *edge)
{
	edge_is(wall(zone, start), DAY_S, wall(zone, edge));
}

Test(cancel_times, allows_24_hours_and_a_millisecond_or_a_microsecond)
{
	struct instant start = {SAMPLE_START_US};

	cr_assert(parent_may(start, 86400, before_start(24 * US_PER_HOUR + US_PER_MS)));
	cr_assert(parent_may(start, 86400, before_start(24 * US_PER_HOUR + 1)));
}

Test(cancel_times, refuses_when_start_is_exactly_24_hours_away)
{
	cr_assert_not(parent_may((struct instant){SAMPLE_START_US}, 86400, before_start(24 * US_PER_HOUR)));
}

Test(cancel_times, refuses_24_hours_less_a_millisecond_or_a_microsecond)
{
	struct instant start = {SAMPLE_START_US};

	cr_assert_not(parent_may(start, 86400, before_start(24 * US_PER_HOUR - US_PER_MS)));
	cr_assert_not(parent_may(start, 86400, before_start(24 * US_PER_HOUR - 1)));
}

Test(cancel_times, refuses_at_the_start_and_in_the_past)
{
	struct instant start = {SAMPLE_START_US};

	cr_assert_not(parent_may(start, 86400, start));
	cr_assert_not(parent_may(start, 0, start));
	cr_assert_not(parent_may(start, 0, before_start(-1)));
	cr_assert_not(parent_may(start, 86400, before_start(-9600 * US_PER_HOUR)));
}

Test(cancel_times, the_notice_is_the_one_that_the_booking_was_made_with)
{
	struct instant start = {SAMPLE_START_US};

	edge_is(start, 0, start);
	edge_is(start, 3600, before_start(US_PER_HOUR));
	edge_is(start, 86400, before_start(24 * US_PER_HOUR));
	edge_is(start, 7 * DAY_S, before_start(168 * US_PER_HOUR));
}

Test(cancel_times, are_elapsed_hours_when_clocks_go_forward)
{
	day_before(BERLIN, "2026-03-29 10:00", "2026-03-28 09:00");
	day_before(BERLIN, "2026-03-30 01:30", "2026-03-29 00:30");
	day_before(BERLIN, "2026-03-30 02:30", "2026-03-29 01:30"); /* there was no 02:30 that day */
	day_before(BERLIN, "2026-03-30 03:30", "2026-03-29 03:30");
	day_before(NEW_YORK, "2026-03-08 10:00", "2026-03-07 09:00");
	day_before(NEW_YORK, "2026-03-09 01:30", "2026-03-08 00:30");
}

Test(cancel_times, are_elapsed_hours_when_clocks_go_back)
{
	day_before(BERLIN, "2026-10-25 10:00", "2026-10-24 11:00");
	day_before(BERLIN, "2026-10-26 00:30", "2026-10-25 01:30");
	day_before(BERLIN, "2026-10-26 03:30", "2026-10-25 03:30");
	day_before(NEW_YORK, "2026-11-01 10:00", "2026-10-31 11:00");
	day_before(NEW_YORK, "2026-11-02 10:00", "2026-11-01 10:00");
}

Test(cancel_times, cross_leap_days_and_year_ends)
{
	day_before("UTC0", "2028-03-01 10:00", "2028-02-29 10:00");
	day_before("UTC0", "2028-02-29 10:00", "2028-02-28 10:00");
	day_before("UTC0", "2027-03-01 10:00", "2027-02-28 10:00");
	day_before("UTC0", "2027-01-01 10:00", "2026-12-31 10:00");
	day_before("UTC0", "2100-03-01 00:00", "2100-02-28 00:00");
	day_before("UTC0", "1970-01-01 12:00", "1969-12-31 12:00");
}

Test(cancel_times, absurd_notices_and_starts_neither_overflow_nor_let_through)
{
	struct instant start = {SAMPLE_START_US};

	cr_assert_not(parent_may(start, INT64_MAX, (struct instant){0}));
	cr_assert_not(parent_may(start, INT64_MAX / US_PER_S, (struct instant){0}));
	cr_assert_not(parent_may((struct instant){INT64_MIN + 5}, 86400, (struct instant){INT64_MIN + 1}));
	cr_assert(parent_may(start, -5, before_start(1)), "a notice below zero counts as none");
	cr_assert(parent_may((struct instant){INT64_MAX}, 86400, (struct instant){INT64_MIN + 1}));
}

static void says(const char *code, int64_t notice_s, const char *want)
{
	char text[200];

	cancel_message(code, notice_s, "€35.00", text, sizeof(text));
	cr_assert_str_eq(text, want);
}

Test(cancel_times, the_sentences_speak_of_the_notice_in_hours)
{
	says("too_late", 86400,
	     "It is too late to cancel: sessions can be cancelled until 24 hours before they start.");
	says("too_late", 3600,
	     "It is too late to cancel: sessions can be cancelled until 1 hour before they start.");
	says("too_late", 172800,
	     "It is too late to cancel: sessions can be cancelled until 48 hours before they start.");
	says("too_late", 5400,
	     "It is too late to cancel: sessions can be cancelled until 90 minutes before they start.");
	says("too_late", 60,
	     "It is too late to cancel: sessions can be cancelled until 1 minute before they start.");
	says("too_late", 61,
	     "It is too late to cancel: sessions can be cancelled until 2 minutes before they start.");
	says("too_late", 9000,
	     "It is too late to cancel: sessions can be cancelled until 2 hours and 30 minutes before they start.");
	says("too_late", 7260,
	     "It is too late to cancel: sessions can be cancelled until 2 hours and 1 minute before they start.");
	says("too_late", 3599,
	     "It is too late to cancel: sessions can be cancelled until 1 hour before they start.");
	says("can_cancel", 86400,
	     "You can cancel until 24 hours before the session starts. The payment is returned in full.");
	says("can_cancel_rest", 86400,
	     "You can cancel until 24 hours before the session starts. What remains of the payment is returned: €35.00.");
	says("can_cancel_by_hand", 86400,
	     "You can cancel until 24 hours before the session starts. The bank has given a part of the payment back; "
	     "what remains is returned another way: €35.00.");
	says("can_cancel", 0, "You can cancel until the session starts. The payment is returned in full.");
}

Test(cancel_times, every_other_code_has_its_sentence_and_an_unknown_one_none)
{
	says("not_cancellable", 86400,
	     "This session has already started or is over, so it can no longer be cancelled.");
	says("already_cancelled", 86400, "This session has been cancelled.");
	says("pending", 86400, "This session is not paid for yet, so it can still be cancelled.");
	says("not_yours", 86400, "Only the parent, the teacher or an administrator can cancel this session.");
	says("?", 86400, "");
	says(NULL, 86400, "");
}

Test(cancel_times, a_sentence_is_cut_to_the_room_there_is)
{
	char text[8] = "#######";

	cancel_message("too_late", 86400, NULL, text, 6);
	cr_assert_str_eq(text, "It is");
	cr_assert_eq(text[6], '#');
	cancel_message("too_late", 86400, NULL, text, 0);
	cr_assert_str_eq(text, "It is");
}
