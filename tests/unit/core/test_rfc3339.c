#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "rfc3339.h"

#define DAY_US INT64_C(86400000000)

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Counting day by day is the second way. */
static void next_day(struct civil_time *day)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int length = lengths[day->month - 1] + (day->month == 2 && is_leap(day->year));

	day->weekday = (day->weekday + 1) % 7;
	if (++day->day <= length)
		return;
	day->day = 1;
	if (++day->month <= 12)
		return;
	day->month = 1;
	day->year++;
}

Test(rfc3339, every_day_from_1970_to_2100_is_where_counting_puts_it)
{
	struct civil_time counted = {.year = 1970, .month = 1, .day = 1, .weekday = 3};

	for (int64_t days = 0; counted.year <= 2100; days++, next_day(&counted)) {
		for (int edge = 0; edge < 2; edge++) {
			struct instant at = {days * DAY_US + (edge ? DAY_US - 1 : 0)};
			struct civil_time civil, expected = counted;
			char text[RFC3339_BYTES];
			struct instant back;

			if (edge) {
				expected.hour = 23;
				expected.minute = expected.second = 59;
				expected.microsecond = 999999;
			}
			civil_from_instant(at, &civil);
			cr_assert_eq(memcmp(&civil, &expected, sizeof(civil)), 0, "day %lld",
				     (long long)days);
			cr_assert_eq(instant_from_civil(&civil).us, at.us);
			rfc3339_encode(at, text);
			cr_assert(rfc3339_decode(text, &back) && back.us == at.us, "%s", text);
		}
	}
}

Test(rfc3339, agrees_with_the_c_library_from_year_1_to_9999)
{
	for (int64_t seconds = INT64_C(-62135596800); seconds < INT64_C(253402300800); seconds += 7654321) {
		time_t t = (time_t)seconds;
		struct civil_time civil;
		struct tm tm;

		gmtime_r(&t, &tm);
		civil_from_instant((struct instant){seconds * 1000000 + 5}, &civil);
		cr_assert(civil.year == tm.tm_year + 1900 && civil.month == tm.tm_mon + 1
				  && civil.day == tm.tm_mday && civil.hour == tm.tm_hour
				  && civil.minute == tm.tm_min && civil.second == tm.tm_sec
				  && civil.weekday == (tm.tm_wday + 6) % 7 && civil.microsecond == 5,
			  "%lld", (long long)seconds);
		cr_assert_eq(instant_from_civil(&civil).us, seconds * 1000000 + 5);
	}
}

Test(rfc3339, writes_a_fraction_only_when_there_is_one)
{
	static const struct {
		int64_t us;
		const char *text;
	} cases[] = {
		{INT64_C(1795363432000000), "2026-11-22T16:03:52Z"},
		{INT64_C(1795363432500000), "2026-11-22T16:03:52.5Z"},
		{INT64_C(1795363432123456), "2026-11-22T16:03:52.123456Z"},
		{INT64_C(1795363432000001), "2026-11-22T16:03:52.000001Z"},
		{INT64_C(1795363432100100), "2026-11-22T16:03:52.1001Z"},
		{0, "1970-01-01T00:00:00Z"},
		{-1, "1969-12-31T23:59:59.999999Z"},
		{INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z"},
		{INT64_MAX, "294247-01-10T04:00:54.775807Z"},
		{INT64_MIN, "-290308-12-21T19:59:05.224192Z"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[RFC3339_BYTES];

		rfc3339_encode((struct instant){cases[i].us}, text);
		cr_assert_str_eq(text, cases[i].text);
	}
}

Test(rfc3339, reads_every_form_that_the_standard_allows)
{
	static const struct {
		const char *text, *same;
	} cases[] = {
		{"2026-11-22T16:03:52Z", "2026-11-22T16:03:52Z"},
		{"2026-11-22t16:03:52z", "2026-11-22T16:03:52Z"},
		{"2026-11-22T16:03:52.1Z", "2026-11-22T16:03:52.1Z"},
		{"2026-11-22T16:03:52.123456789Z", "2026-11-22T16:03:52.123456Z"},
		{"2026-11-22T16:03:52.000000000+00:00", "2026-11-22T16:03:52Z"},
		{"2026-11-22T16:03:52-00:00", "2026-11-22T16:03:52Z"},
		{"2026-11-22T16:03:52+01:00", "2026-11-22T15:03:52Z"},
		{"2026-11-22T16:03:52-05:30", "2026-11-22T21:33:52Z"},
		{"2026-12-31T23:30:00-23:59", "2027-01-01T23:29:00Z"},
		{"1969-12-31T23:30:00-01:00", "1970-01-01T00:30:00Z"},
		{"2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
		{"2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"},
		{"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"},
		{"2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.5Z"},
		{"1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00Z"},
		{"2015-06-30T23:59:60Z", "2015-07-01T00:00:00Z"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[RFC3339_BYTES];
		struct instant at;

		cr_assert(rfc3339_decode(cases[i].text, &at), "%s", cases[i].text);
		rfc3339_encode(at, text);
		cr_assert_str_eq(text, cases[i].same);
	}
}

Test(rfc3339, refuses_everything_else)
{
	static const char *const bad[] = {
		"",
		"2026",
		"2026-11-22",
		"2026-11-22T16:03:52",
		"2026-11-22 16:03:52Z",
		"2026-11-22T16:03Z",
		"2026-11-22T16:03:52.Z",
		"2026-11-22T16:03:52,5Z",
		"2026-11-22T16:03:52.1234567890Z",
		"2026-11-22T16:03:52Z ",
		" 2026-11-22T16:03:52Z",
		"2026-11-22T16:03:52ZZ",
		"2026-11-22T16:03:52+0100",
		"2026-11-22T16:03:52+1:00",
		"2026-11-22T16:03:52+24:00",
		"2026-11-22T16:03:52+01:60",
		"2026-11-22T16:03:52+",
		"2026-1-22T16:03:52Z",
		"26-11-22T16:03:52Z",
		"12026-11-22T16:03:52Z",
		"2026-00-22T16:03:52Z",
		"2026-13-22T16:03:52Z",
		"2026-11-00T16:03:52Z",
		"2026-11-31T16:03:52Z",
		"2026-02-29T16:03:52Z",
		"2100-02-29T16:03:52Z",
		"2026-11-22T24:00:00Z",
		"2026-11-22T16:60:52Z",
		"2026-11-22T16:03:61Z",
		"2026-11-22T16:03:60Z",
		"2016-12-30T23:59:60Z",
		"2016-12-31T23:59:60+01:00",
		"2026-11-22T-1:03:52Z",
		"+2026-11-22T16:03:52Z",
		"1969-12-31T23:59:59Z",
		"1970-01-01T00:00:00+00:01",
		"0000-01-01T00:00:00Z",
		"9999-12-31T23:59:60Z",
		"9999-12-31T23:59:59-00:01",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct instant at = {42};

		cr_assert_not(rfc3339_decode(bad[i], &at), "%s", bad[i]);
		cr_assert_eq(at.us, 42, "written only on success");
	}
}

Test(rfc3339, every_day_of_every_month_is_read_only_where_it_exists)
{
	for (int year = 1999; year <= 2101; year++)
		for (int month = 0; month <= 13; month++)
			for (int day = 0; day <= 32; day++) {
				static const int lengths[] = {0,  31, 28, 31, 30, 31, 30,
							      31, 31, 30, 31, 30, 31, 0};
				bool exists =
					day >= 1 && day <= lengths[month] + (month == 2 && is_leap(year));
				char text[64];
				struct instant at;

				snprintf(text, sizeof(text), "%04d-%02d-%02dT12:00:00Z", year, month, day);
				cr_assert_eq(rfc3339_decode(text, &at), exists, "%s", text);
			}
}
