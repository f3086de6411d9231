/* rfc3339.c: the proleptic Gregorian calendar in UTC, and instants as text */
#include "rfc3339.h"

#include <stdio.h>
#include <string.h>

#include "str.h"

#define US_PER_S  INT64_C(1000000)
#define S_PER_DAY INT64_C(86400)

/* Days and years are counted in eras of 400 years whose years start on 1 March, so that the leap day is a year's last. */
#define DAYS_PER_ERA    INT64_C(146097)
#define DAYS_TO_1970    INT64_C(719468) /* from 0000-03-01 */
#define YEAR_10000_AT_S INT64_C(253402300800)

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t days_from_civil(int64_t year, int month, int day)
{
	int64_t march_year = month > 2 ? year : year - 1;
	int64_t era = floor_div(march_year, 400);
	int64_t year_of_era = march_year - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

static void civil_from_days(int64_t days, struct civil_time *ret_civil)
{
	int64_t era = floor_div(days + DAYS_TO_1970, DAYS_PER_ERA);
	int64_t day_of_era = days + DAYS_TO_1970 - era * DAYS_PER_ERA;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (DAYS_PER_ERA - 1)) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t march_month = (5 * day_of_year + 2) / 153;

	ret_civil->day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
	ret_civil->month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
	ret_civil->year = (int)(year_of_era + era * 400 + (ret_civil->month <= 2));
	ret_civil->weekday = (int)(((days + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

void civil_from_instant(struct instant at, struct civil_time *ret_civil)
{
	int64_t seconds = floor_div(at.us, US_PER_S);
	int64_t days = floor_div(seconds, S_PER_DAY);
	int second_of_day = (int)(seconds - days * S_PER_DAY);

	civil_from_days(days, ret_civil);
	ret_civil->hour = second_of_day / 3600;
	ret_civil->minute = second_of_day / 60 % 60;
	ret_civil->second = second_of_day % 60;
	ret_civil->microsecond = (int)((at.us % US_PER_S + US_PER_S) % US_PER_S);
}

struct instant instant_from_civil(const struct civil_time *civil)
{
	int64_t days = days_from_civil(civil->year, civil->month, civil->day);
	int64_t second_of_day = civil->hour * INT64_C(3600) + civil->minute * INT64_C(60) + civil->second;

	return (struct instant){(days * S_PER_DAY + second_of_day) * US_PER_S + civil->microsecond};
}

void rfc3339_encode(struct instant at, char *ret_text)
{
	struct civil_time civil;
	char text[96]; /* wide enough for any int, whatever the compiler believes of a civil_time */
	int len;

	civil_from_instant(at, &civil);
	len = snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d", civil.year, civil.month,
		       civil.day, civil.hour, civil.minute, civil.second);
	if (civil.microsecond > 0) {
		len += snprintf(text + len, sizeof(text) - (size_t)len, ".%06d", civil.microsecond);
		while (text[len - 1] == '0')
			len--;
	}
	text[len] = 'Z';
	text[len + 1] = '\0';
	(void)str_copy(ret_text, RFC3339_BYTES, text);
}

/* Exactly count digits at *at, between min and max; moves *at on. */
static bool take_number(const char **at, int count, int min, int max, int *ret_value)
{
	int value = 0;

	for (int i = 0; i < count; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		value = value * 10 + (**at - '0');
	}
	*ret_value = value;
	return value >= min && value <= max;
}

static bool take_char(const char **at, char wanted)
{
	bool found = **at == wanted || (wanted == 'T' && **at == 't') || (wanted == 'Z' && **at == 'z');

	*at += found;
	return found;
}

static int month_days(int year, int month)
{
	int next_year = month == 12 ? year + 1 : year;

	return (int)(days_from_civil(next_year, month % 12 + 1, 1) - days_from_civil(year, month, 1));
}

static bool take_date(const char **at, struct civil_time *ret_civil)
{
	return take_number(at, 4, 0, 9999, &ret_civil->year) && take_char(at, '-')
	       && take_number(at, 2, 1, 12, &ret_civil->month) && take_char(at, '-')
	       && take_number(at, 2, 1, month_days(ret_civil->year, ret_civil->month), &ret_civil->day);
}

/* One to nine digits after a dot, or nothing. */
static bool take_fraction(const char **at, int *ret_microsecond)
{
	int count = 0, value = 0;

	*ret_microsecond = 0;
	if (!take_char(at, '.'))
		return true;
	for (; **at >= '0' && **at <= '9'; (*at)++, count++)
		if (count < 6)
			value = value * 10 + (**at - '0');
	for (int i = count; i < 6; i++)
		value *= 10;
	*ret_microsecond = value;
	return count >= 1 && count <= 9;
}

static bool take_time(const char **at, struct civil_time *ret_civil)
{
	return take_number(at, 2, 0, 23, &ret_civil->hour) && take_char(at, ':')
	       && take_number(at, 2, 0, 59, &ret_civil->minute) && take_char(at, ':')
	       && take_number(at, 2, 0, 60, &ret_civil->second) && take_fraction(at, &ret_civil->microsecond);
}

static bool take_offset(const char **at, int *ret_offset_s)
{
	int hours, minutes, sign = **at == '-' ? -1 : 1;

	*ret_offset_s = 0;
	if (take_char(at, 'Z'))
		return true;
	if (!(take_char(at, '+') || take_char(at, '-')) || !take_number(at, 2, 0, 23, &hours)
	    || !take_char(at, ':') || !take_number(at, 2, 0, 59, &minutes))
		return false;
	*ret_offset_s = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* A leap second stands only at the end of a UTC month (RFC 3339 section 5.7): the second after it is that month's next. */
static bool is_month_start(struct instant at)
{
	struct civil_time civil;

	civil_from_instant(at, &civil);
	return civil.day == 1 && civil.hour == 0 && civil.minute == 0 && civil.second == 0;
}

bool rfc3339_decode(const char *text, struct instant *ret_at)
{
	struct civil_time civil = {0};
	struct instant at;
	int offset_s;

	if (!take_date(&text, &civil) || !take_char(&text, 'T') || !take_time(&text, &civil)
	    || !take_offset(&text, &offset_s) || *text != '\0')
		return false;
	at.us = instant_from_civil(&civil).us - offset_s * US_PER_S;
	if (at.us < 0 || at.us >= YEAR_10000_AT_S * US_PER_S)
		return false;
	if (civil.second == 60 && !is_month_start(at))
		return false;
	*ret_at = at;
	return true;
}
