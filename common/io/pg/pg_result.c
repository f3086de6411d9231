/* pg_result.c: reading answers */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pg_private.h"
#include "rfc3339.h"
#include "str.h"

static PGresult *answer_at(const struct pg_results *results, int index)
{
	assert(index >= 0 && index < results->count);
	return results->answers[index];
}

void pg_results_release(struct pg_results *results)
{
	for (int i = 0; i < results->count; i++)
		PQclear(results->answers[i]);
	*results = PG_RESULTS_NONE;
}

int pg_rows(const struct pg_results *results, int index)
{
	return PQntuples(answer_at(results, index));
}

int pg_affected(const struct pg_results *results, int index)
{
	const char *count = PQcmdTuples(answer_at(results, index));

	return (int)strtol(count, NULL, 10);
}

bool pg_is_null(const struct pg_results *results, int index, int row, int column)
{
	return PQgetisnull(answer_at(results, index), row, column);
}

const char *pg_text(const struct pg_results *results, int index, int row, int column)
{
	return PQgetvalue(answer_at(results, index), row, column);
}

char *pg_text_dup(const struct pg_results *results, int index, int row, int column, struct arena *arena)
{
	if (pg_is_null(results, index, row, column))
		return NULL;
	return arena_strdup(arena, pg_text(results, index, row, column));
}

int64_t pg_int(const struct pg_results *results, int index, int row, int column)
{
	return strtoll(pg_text(results, index, row, column), NULL, 10);
}

bool pg_bool(const struct pg_results *results, int index, int row, int column)
{
	return pg_text(results, index, row, column)[0] == 't';
}

/* Exactly count digits from **text, which then points behind them. */
static bool take_digits(const char **text, int count, int *ret_number)
{
	int number = 0;

	for (int i = 0; i < count; i++, (*text)++) {
		if (**text < '0' || **text > '9')
			return false;
		number = number * 10 + (**text - '0');
	}
	*ret_number = number;
	return true;
}

static bool take_char(const char **text, char wanted)
{
	if (**text != wanted)
		return false;
	(*text)++;
	return true;
}

/* Up to six digits, read as millionths. */
static bool take_fraction(const char **text, int *ret_microsecond)
{
	int digits = 0;
	int number = 0;

	for (; digits < 6 && **text >= '0' && **text <= '9'; digits++, (*text)++)
		number = number * 10 + (**text - '0');
	if (!digits)
		return false;
	for (; digits < 6; digits++)
		number *= 10;
	*ret_microsecond = number;
	return true;
}

struct instant pg_instant(const struct pg_results *results, int index, int row, int column)
{
	const char *text = pg_text(results, index, row, column);
	struct civil_time at = {0};
	bool good;

	good = take_digits(&text, 4, &at.year) && take_char(&text, '-') && take_digits(&text, 2, &at.month)
	       && take_char(&text, '-') && take_digits(&text, 2, &at.day) && take_char(&text, ' ')
	       && take_digits(&text, 2, &at.hour) && take_char(&text, ':')
	       && take_digits(&text, 2, &at.minute) && take_char(&text, ':')
	       && take_digits(&text, 2, &at.second);
	if (good && *text == '.')
		good = take_char(&text, '.') && take_fraction(&text, &at.microsecond);
	if (!good || !str_eq(text, "+00")) /* also NULL and infinity */
		return INSTANT_NONE;
	return instant_from_civil(&at);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

enum err_kind pg_bytes(const struct pg_results *results, int index, int row, int column, struct arena *arena,
		       const void **ret_bytes, size_t *ret_len, struct err *err)
{
	const char *text = pg_text(results, index, row, column);
	size_t len = strlen(text);
	unsigned char *bytes;

	if (pg_is_null(results, index, row, column)) {
		*ret_bytes = NULL;
		*ret_len = 0;
		return ERR_OK;
	}
	if (len % 2 || !str_starts(text, "\\x"))
		return err_set(err, ERR_REJECT, "pg_sql", "column %d is not bytea", column);
	len = len / 2 - 1;
	bytes = arena_alloc(arena, len + 1);
	if (!bytes)
		return err_set(err, ERR_REJECT, "too_large", "bytea of %zu bytes", len);
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(text[2 + 2 * i]);
		int low = hex_digit(text[3 + 2 * i]);

		if (high < 0 || low < 0)
			return err_set(err, ERR_REJECT, "pg_sql", "column %d is not bytea", column);
		bytes[i] = (unsigned char)(high << 4 | low);
	}
	*ret_bytes = bytes;
	*ret_len = len;
	return ERR_OK;
}
