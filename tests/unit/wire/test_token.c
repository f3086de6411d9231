/* The corpus of tests/data/tokens without its signatures (those are io/jose's business), and what claims become. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "booking.h"
#include "token.h"

#define NOW_S     INT64_C(1800000000)
#define CASES     UNBOOK_SOURCE_DIR "/tests/data/tokens"
#define SIGNATURE "c2lnbmF0dXJl"

static const struct token_rules rules = {"https://login.unbook.test", "unbook", 604800, 60};
static struct arena arena;

static void setup(void)
{
	arena_init(&arena, 1 << 20);
}

static void teardown(void)
{
	arena_release(&arena);
}

TestSuite(token, .init = setup, .fini = teardown);

static char *base64url(const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t len = strlen(text), used = 0;
	char *out = arena_alloc(&arena, len * 2 + 4);

	for (size_t i = 0; i < len; i += 3) {
		unsigned bits = (unsigned)(unsigned char)text[i] << 16;

		bits |= i + 1 < len ? (unsigned)(unsigned char)text[i + 1] << 8 : 0;
		bits |= i + 2 < len ? (unsigned)(unsigned char)text[i + 2] : 0;
		for (size_t k = 0; k < 4 && k <= len - i; k++)
			out[used++] = digits[bits >> (18 - 6 * k) & 63];
	}
	return out;
}

static char *token_of(const char *head, const char *claims)
{
	return arena_printf(&arena, "%s.%s.%s", base64url(head), base64url(claims), SIGNATURE);
}

static enum err_kind decode(const char *text, struct token_claims *ret, struct err *err)
{
	struct token token;
	enum err_kind kind = token_decode_head(text, &arena, &token, err);

	return kind ? kind
		    : token_decode_claims(&token, &rules, (struct instant){NOW_S * 1000000}, &arena, ret,
					  err);
}

static char *read_part(const char *name, const char *part)
{
	char path[512], *bytes = arena_alloc(&arena, 8192);
	FILE *file;

	snprintf(path, sizeof path, CASES "/%s/%s", name, part);
	file = fopen(path, "rb");
	cr_assert_not_null(file, "%s", path);
	bytes[fread(bytes, 1, 8191, file)] = '\0';
	fclose(file);
	return bytes;
}

/* "@+600@" is that many seconds from now. */
static char *with_times(const char *text)
{
	char *out = arena_alloc(&arena, strlen(text) * 4 + 32), *to = out;

	while (*text) {
		char *end;

		if (*text == '@' && (text[1] == '+' || text[1] == '-')) {
			to += snprintf(to, 21, "%" PRId64, NOW_S + strtol(text + 1, &end, 10));
			text = end + 1;
		} else {
			*to++ = *text++;
		}
	}
	return out;
}

static void run_case(const char *name)
{
	char *sign = read_part(name, "sign");
	struct token_claims claims;
	struct err err = {0};
	enum err_kind kind;

	if (strcmp(sign, "right\n") != 0)
		return;
	kind = decode(token_of(read_part(name, "head"), with_times(read_part(name, "claims"))), &claims,
		      &err);
	/* Keys and signatures decide these two. */
	if (strcmp(name, "kid_unknown") == 0 || strcmp(name, "alg_es256_without_such_key") == 0)
		return;
	if (strcmp(read_part(name, "expect"), "good\n") == 0) {
		cr_expect_eq(kind, ERR_OK, "%s: %s", name, err.msg);
		cr_expect(kind || (claims.roles & ROLE_PARENT), "%s", name);
		cr_expect(kind || strcmp(claims.subject, "corpus-parent") == 0, "%s", name);
	} else {
		cr_expect_eq(kind, ERR_REJECT, "%s is taken", name);
		cr_expect_str_eq(err.code, "bad_token", "%s", name);
	}
}

Test(token, every_case_of_the_corpus_ends_as_expected)
{
	DIR *cases = opendir(CASES);
	struct dirent *entry;
	int count = 0;

	cr_assert_not_null(cases);
	while ((entry = readdir(cases)))
		if (entry->d_name[0] != '.') {
			arena_reset(&arena);
			run_case(entry->d_name);
			count++;
		}
	closedir(cases);
	cr_assert_gt(count, 80);
}

static struct token_claims good(const char *claims)
{
	struct token_claims ret;
	struct err err = {0};

	cr_assert_eq(decode(token_of("{\"alg\":\"ES256\"}", claims), &ret, &err), ERR_OK, "%s", err.msg);
	return ret;
}

#define PARTIES "\"iss\":\"https://login.unbook.test\",\"aud\":\"unbook\",\"exp\":1800000300"

Test(token, claims_become_a_person)
{
	struct token_claims claims = good(
		"{\"sub\":\"u1\",\"role\":[\"Mentor\",\"Admin\",\"Cook\"],\"email\":\"zoe@x.example\","
		"\"name\":\"Zoë Ñandú\",\"zoneinfo\":\"Europe/Berlin\",\"locale\":\"de-DE\"," PARTIES "}");

	cr_assert_str_eq(claims.subject, "u1");
	cr_assert_eq(claims.roles, ROLE_TEACHER | ROLE_ADMIN);
	cr_assert_str_eq(claims.email, "zoe@x.example");
	cr_assert_str_eq(claims.name, "Zoë Ñandú");
	cr_assert_str_eq(claims.zone, "Europe/Berlin");
	cr_assert_str_eq(claims.locale, "de-DE");
	cr_assert_eq(claims.expires_at.us, INT64_C(1800000300) * 1000000);
}

Test(token, what_cannot_be_used_for_a_person_is_absent)
{
	struct token_claims claims =
		good("{\"sub\":\"u1\",\"email\":\"a@b\\r\\nRCPT TO:<x@y>\",\"name\":7," PARTIES "}");

	cr_assert_null(claims.email);
	cr_assert_null(claims.name);
	cr_assert_null(claims.zone);
	cr_assert_eq(claims.roles, 0);
}

Test(token, sub_wins_over_nameid)
{
	cr_assert_str_eq(good("{\"nameid\":\"n\",\"sub\":\"s\"," PARTIES "}").subject, "s");
}

static void refused_text(const char *text)
{
	struct token_claims claims;
	struct err err = {0};

	cr_assert_eq(decode(text, &claims, &err), ERR_REJECT, "taken: %.60s", text);
	cr_assert_str_eq(err.code, "bad_token");
}

Test(token, other_shapes_are_refused)
{
	char *good_text = token_of("{\"alg\":\"RS256\"}", "{\"sub\":\"u1\"," PARTIES "}");
	char *long_text = arena_alloc(&arena, TOKEN_BYTES_MAX + 2);

	memset(long_text, 'a', TOKEN_BYTES_MAX + 1);
	refused_text("");
	refused_text(".");
	refused_text("..");
	refused_text("...");
	refused_text("a.b");
	refused_text(long_text);
	refused_text(arena_printf(&arena, "%s.x", good_text));
	refused_text(arena_printf(&arena, " %s", good_text));
	refused_text(arena_printf(&arena, "%s=", good_text));
	refused_text(arena_printf(&arena, "%s\n", good_text));
	refused_text(arena_printf(&arena, "=%s", good_text));
}

Test(token, base64url_has_one_spelling)
{
	/* "{}" is "e30"; "e31" carries a stray bit, "e3" and "e300" another length. */
	refused_text("eyJhbGciOiJSUzI1NiJ9.e31.c2ln");
	refused_text("eyJhbGciOiJSUzI1NiJ9.e3.c2ln");
	refused_text("eyJhbGciOiJSUzI1NiJ9.e30.c2l");
	refused_text("eyJhbGciOiJSUzI1NiJ9.e30.");
}

Test(token, an_arena_that_is_too_small_is_refused_and_not_read_past)
{
	struct arena small;
	struct token token;
	struct err err = {0};

	arena_init(&small, 16);
	cr_assert_eq(token_decode_head(token_of("{\"alg\":\"RS256\"}", "{}"), &small, &token, &err),
		     ERR_REJECT);
	arena_release(&small);
}
