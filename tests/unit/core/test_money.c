#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "money.h"

#define NBSP "\xc2\xa0"

Test(money, decimals_are_stripes)
{
	cr_assert_eq(money_decimals("EUR"), 2);
	cr_assert_eq(money_decimals("JPY"), 0);
	cr_assert_eq(money_decimals("KRW"), 0);
	cr_assert_eq(money_decimals("XPF"), 0);
	cr_assert_eq(money_decimals("BIF"), 0);
	cr_assert_eq(money_decimals("KWD"), 3);
	cr_assert_eq(money_decimals("TND"), 3);
	cr_assert_eq(money_decimals("ISK"), 2, "a special case of Stripe");
	cr_assert_eq(money_decimals("UGX"), 2, "a special case of Stripe");
	cr_assert_eq(money_decimals(""), 2);
}

Test(money, a_charge_has_eight_digits_or_twelve)
{
	cr_assert_eq(money_charge_max("EUR"), 99999999);
	cr_assert_eq(money_charge_max("KWD"), 99999999);
	cr_assert_eq(money_charge_max("IDR"), INT64_C(999999999999));
	cr_assert_eq(money_charge_max(""), 99999999);
}

Test(money, currency_is_three_letters_in_either_case)
{
	static const char *const bad[] = {"", "E", "EU", "EURO", "E1R", "EU ", "\xc3\x84U", "E\0R"};
	char currency[4] = "old";

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_not(money_currency_decode(bad[i], currency), "%s", bad[i]);
	cr_assert_str_eq(currency, "old", "written only on success");
	cr_assert(money_currency_decode("eUr", currency));
	cr_assert_str_eq(currency, "EUR");
}

Test(money, equal_needs_amount_and_currency)
{
	struct money a = {4500, "EUR"}, b = {4500, "USD"}, c = {4501, "EUR"};

	cr_assert(money_equal(a, a));
	cr_assert_not(money_equal(a, b));
	cr_assert_not(money_equal(a, c));
}

Test(money, decimal_text_is_exact_to_the_limits)
{
	static const struct {
		struct money money;
		const char *text;
	} cases[] = {
		{{4500, "EUR"}, "45.00"},
		{{5, "EUR"}, "0.05"},
		{{0, "EUR"}, "0.00"},
		{{-5, "EUR"}, "-0.05"},
		{{-4500, "EUR"}, "-45.00"},
		{{4500, "JPY"}, "4500"},
		{{0, "JPY"}, "0"},
		{{12345, "KWD"}, "12.345"},
		{{7, "KWD"}, "0.007"},
		{{INT64_MAX, "EUR"}, "92233720368547758.07"},
		{{INT64_MIN, "EUR"}, "-92233720368547758.08"},
		{{INT64_MAX, "JPY"}, "9223372036854775807"},
		{{INT64_MIN, "KWD"}, "-9223372036854775.808"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[MONEY_TEXT_BYTES];

		money_to_decimal(cases[i].money, text);
		cr_assert_str_eq(text, cases[i].text);
	}
}

Test(money, words_are_what_each_language_writes)
{
	static const struct {
		struct money money;
		const char *language, *text;
	} cases[] = {
		{{4500, "EUR"}, "en", "€45.00"},
		{{4500, "GBP"}, "en-GB", "£45.00"},
		{{4500, "USD"}, "en_US", "$45.00"},
		{{4500, "JPY"}, "en", "¥4,500"},
		{{12345, "KWD"}, "en", "KWD" NBSP "12.345"},
		{{4500, "CHF"}, "en", "CHF" NBSP "45.00"},
		{{-4500, "EUR"}, "en", "-€45.00"},
		{{-4500, "CHF"}, "en", "CHF" NBSP "-45.00"},
		{{99900, "EUR"}, "en", "€999.00"},
		{{123456789, "EUR"}, "en", "€1,234,567.89"},
		{{4500, "EUR"}, "de", "45,00" NBSP "€"},
		{{4500, "JPY"}, "de-AT", "4.500" NBSP "¥"},
		{{12345, "KWD"}, "DE", "12,345" NBSP "KWD"},
		{{-100000, "EUR"}, "de", "-1.000,00" NBSP "€"},
		{{4500, "EUR"}, "es", "45,00" NBSP "€"},
		{{450000, "EUR"}, "es", "4500,00" NBSP "€"},
		{{1234500, "EUR"}, "es-MX", "12.345,00" NBSP "€"},
		{{123456700, "EUR"}, "es", "1.234.567,00" NBSP "€"},
		{{4500, "EUR"}, "fr", "€45.00"},
		{{4500, "EUR"}, "", "€45.00"},
		{{4500, "EUR"}, "d", "€45.00"},
		{{4500, "EUR"}, "deu", "€45.00"},
		{{4500, "EUR"}, NULL, "€45.00"},
		{{INT64_MIN, "EUR"}, "en", "-€92,233,720,368,547,758.08"},
		{{INT64_MIN, "CHF"}, "de", "-92.233.720.368.547.758,08" NBSP "CHF"},
		{{INT64_MAX, "JPY"}, "es", "9.223.372.036.854.775.807" NBSP "¥"},
		{{INT64_MIN, "KWD"}, "en", "KWD" NBSP "-9,223,372,036,854,775.808"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[MONEY_TEXT_BYTES];

		money_to_words(cases[i].money, cases[i].language, text);
		cr_assert_str_eq(text, cases[i].text);
	}
}

Test(money, decimal_text_read_back_is_the_same_amount)
{
	static const char *const currencies[] = {"JPY", "EUR", "KWD"};

	for (int64_t minor = -12000; minor <= 12000; minor++)
		for (size_t i = 0; i < 3; i++) {
			struct money money = {.minor = minor};
			char text[MONEY_TEXT_BYTES], *dot;

			memcpy(money.currency, currencies[i], 4);
			money_to_decimal(money, text);
			dot = strchr(text, '.');
			cr_assert_eq(dot ? (int)strlen(dot + 1) : 0, money_decimals(currencies[i]));
			if (dot)
				memmove(dot, dot + 1, strlen(dot));
			cr_assert_eq(strtoll(text, NULL, 10), minor);
		}
}
