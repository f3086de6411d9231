/* money.c: amounts as text, by integer arithmetic alone */
#include "money.h"

#include <stdio.h>
#include <string.h>

#include "str.h"

#define NBSP        "\xc2\xa0"
#define DIGITS_MAX  20
#define WHOLE_BYTES 28 /* with a mark between thousands */

static bool is_one_of(const char *currency, const char *list)
{
	for (; *list; list += 4)
		if (strncmp(currency, list, 3) == 0)
			return true;
	return false;
}

int money_decimals(const char *currency)
{
	if (strlen(currency) != 3)
		return 2;
	if (is_one_of(currency, "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF "))
		return 0;
	if (is_one_of(currency, "BHD JOD KWD OMR TND "))
		return 3;
	return 2;
}

int64_t money_charge_max(const char *currency)
{
	if (strlen(currency) == 3 && is_one_of(currency, "COP HUF IDR INR JPY KRW LBP TWD VND "))
		return INT64_C(999999999999);
	return 99999999;
}

bool money_currency_decode(const char *text, char ret_currency[4])
{
	char upper[4] = "";

	for (size_t i = 0; i < 3; i++) {
		char c = text[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (c < 'A' || c > 'Z')
			return false;
		upper[i] = c;
	}
	if (text[3] != '\0')
		return false;
	memcpy(ret_currency, upper, sizeof(upper));
	return true;
}

bool money_equal(struct money a, struct money b)
{
	return a.minor == b.minor && strcmp(a.currency, b.currency) == 0;
}

/* The amount without its sign, ready to be written. */
struct amount {
	bool negative;
	char whole[DIGITS_MAX + 1];
	char fraction[8]; /* "" when the currency has none */
};

static void amount_init(struct money money, struct amount *ret_amount)
{
	/* unsigned, so that INT64_MIN has a magnitude */
	uint64_t magnitude = money.minor < 0 ? 0 - (uint64_t)money.minor : (uint64_t)money.minor;
	int decimals = money_decimals(money.currency);
	uint64_t unit = 1;

	for (int i = 0; i < decimals; i++)
		unit *= 10;
	ret_amount->negative = money.minor < 0;
	snprintf(ret_amount->whole, sizeof(ret_amount->whole), "%llu",
		 (unsigned long long)(magnitude / unit));
	ret_amount->fraction[decimals] = '\0';
	for (uint64_t rest = magnitude % unit; decimals > 0; rest /= 10)
		ret_amount->fraction[--decimals] = (char)('0' + rest % 10);
}

void money_to_decimal(struct money money, char *ret_text)
{
	struct amount amount;

	amount_init(money, &amount);
	snprintf(ret_text, MONEY_TEXT_BYTES, "%s%s%s%s", amount.negative ? "-" : "", amount.whole,
		 amount.fraction[0] ? "." : "", amount.fraction);
}

/* How a language writes an amount of money. */
struct manner {
	const char language[3];
	bool symbol_first;
	char group, point;
	size_t group_from; /* digits from which thousands are grouped */
};

static const struct manner *manner_of(const char *language)
{
	static const struct manner manners[] = {
		{.language = "en", .symbol_first = true, .group = ',', .point = '.', .group_from = 4},
		{.language = "de", .symbol_first = false, .group = '.', .point = ',', .group_from = 4},
		{.language = "es", .symbol_first = false, .group = '.', .point = ',', .group_from = 5},
	};

	for (size_t i = 0; language && i < sizeof(manners) / sizeof(manners[0]); i++) {
		char two[3] = {language[0], language[0] ? language[1] : '\0', '\0'};
		char after = two[1] ? language[2] : '\0';

		if (str_ieq(two, manners[i].language) && (after == '\0' || after == '-' || after == '_'))
			return &manners[i];
	}
	return &manners[0];
}

static const char *symbol_of(const char *currency)
{
	static const struct {
		char currency[4];
		const char *symbol;
	} symbols[] = {{"EUR", "€"}, {"GBP", "£"}, {"USD", "$"}, {"JPY", "¥"}};

	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++)
		if (str_eq(currency, symbols[i].currency))
			return symbols[i].symbol;
	return NULL;
}

static void group_digits(const char *digits, const struct manner *manner, char ret_text[WHOLE_BYTES])
{
	size_t len = strlen(digits);

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0 && len >= manner->group_from)
			*ret_text++ = manner->group;
		*ret_text++ = digits[i];
	}
	*ret_text = '\0';
}

void money_to_words(struct money money, const char *language, char *ret_text)
{
	const struct manner *manner = manner_of(language);
	const char *symbol = symbol_of(money.currency);
	struct amount amount;
	char whole[WHOLE_BYTES], number[WHOLE_BYTES + sizeof(amount.fraction)];
	const char *sign;

	amount_init(money, &amount);
	sign = amount.negative ? "-" : "";
	group_digits(amount.whole, manner, whole);
	if (amount.fraction[0])
		snprintf(number, sizeof(number), "%s%c%s", whole, manner->point, amount.fraction);
	else
		snprintf(number, sizeof(number), "%s", whole);
	if (!manner->symbol_first)
		snprintf(ret_text, MONEY_TEXT_BYTES, "%s%s" NBSP "%s", sign, number,
			 symbol ? symbol : money.currency);
	else if (symbol)
		snprintf(ret_text, MONEY_TEXT_BYTES, "%s%s%s", sign, symbol, number);
	else
		snprintf(ret_text, MONEY_TEXT_BYTES, "%s" NBSP "%s%s", money.currency, sign, number);
}
