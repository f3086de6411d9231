/* money.h: an integer of the currency's minor unit. No floating point near money (design.md rule 14). */
#ifndef MONEY_H
#define MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

struct money {
	int64_t minor;
	char currency[4]; /* ISO 4217, upper case */
};

#define MONEY_TEXT_BYTES 64

/* Decimal places of a currency as Stripe counts them: 0 (JPY, KRW, VND, ...), 3 (KWD, BHD, JOD, OMR, TND), else 2.
 * Source: Stripe docs, "Supported currencies", zero-decimal and three-decimal currencies, special cases: ISK and UGX have 2. */
int money_decimals(const char *currency);

/* More than this Stripe charges in no single payment: eight digits; twelve in currencies whose unit is small.
 * Source: Stripe docs, "Supported currencies", minimum and maximum charge amounts; what is not known to be refused is let through. */
int64_t money_charge_max(const char *currency);

/* Three ASCII letters in either case become upper case; false otherwise. */
bool money_currency_decode(const char *text, char ret_currency[4]) MUST_CHECK;

bool money_equal(struct money a, struct money b);

/* "45.00", "4500", "12.345": a JSON number. Needs MONEY_TEXT_BYTES. */
void money_to_decimal(struct money money, char *ret_text);

/* As a person of that language writes it, UTF-8: en "€45.00", "¥4,500", "KWD 12.345"; de "45,00 €"; es "4500,00 €",
 * "12.345,00 €". Spaces are U+00A0. Of language the first two letters of a locale count; an unknown one is written as
 * English. Needs MONEY_TEXT_BYTES. */
void money_to_words(struct money money, const char *language, char *ret_text);

#endif
