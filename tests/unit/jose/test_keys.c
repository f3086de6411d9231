#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys.h"
#include "mint.h"

static struct keys *keys;
static char path[64];

static void open_with(json_t *const *set, int count)
{
	struct err err = {0};

	mint_jwks(path, set, count);
	cr_assert_eq(keys_open(path, &keys, &err), ERR_OK, "%s", err.msg);
}

static void teardown(void)
{
	keys_close(keys);
	mint_release();
	if (path[0])
		unlink(path);
}

TestSuite(keys, .fini = teardown, .timeout = 60);

/* "ok", or the code of the refusal. */
static const char *verify_text(const char *text)
{
	static __thread struct err err;
	struct token token;
	struct arena arena;
	enum err_kind kind;

	err = (struct err){0};
	arena_init(&arena, 65536);
	kind = token_decode_head(text, &arena, &token, &err);
	if (!kind)
		kind = keys_verify(keys, &token, &err);
	arena_release(&arena);
	return kind ? err.code : "ok";
}

static const char *verify(json_t *key, const char *alg, const char *kid)
{
	return verify_text(mint_token(key, alg, kid));
}

Test(keys, each_algorithm_of_ours_verifies)
{
	json_t *set[] = {mint_key("RS256", 0, "r"), mint_key("ES256", 0, "e"), mint_key("HS256", 32, "h"),
			 mint_key("HS512", 64, "k")};

	open_with(set, 4);
	cr_assert_eq(keys_count(keys), 4);
	cr_expect_str_eq(verify(set[0], "RS256", "r"), "ok");
	cr_expect_str_eq(verify(set[1], "ES256", "e"), "ok");
	cr_expect_str_eq(verify(set[2], "HS256", "h"), "ok");
	cr_expect_str_eq(verify(set[3], "HS512", "k"), "ok");
	for (int i = 0; i < 4; i++)
		cr_expect_str_eq(verify(set[i], json_string_value(json_object_get(set[i], "alg")), NULL),
				 "ok");
}

Test(keys, the_algorithm_is_the_keys_and_not_the_tokens)
{
	json_t *set[] = {mint_key("HS256", 64, "h")};

	open_with(set, 1);
	cr_assert_str_eq(verify(set[0], "HS512", "h"), "unknown_key");
}

Test(keys, another_key_does_not_verify)
{
	json_t *set[] = {mint_key("RS256", 0, "r"), mint_key("ES256", 0, "e")};
	json_t *other = mint_key("RS256", 0, "r"), *curve = mint_key("ES256", 0, "e");

	open_with(set, 2);
	cr_expect_str_eq(verify(other, "RS256", "r"), "bad_signature");
	cr_expect_str_eq(verify(other, "RS256", NULL), "bad_signature");
	cr_expect_str_eq(verify(other, "RS256", "e"), "unknown_key", "that kid is of another algorithm");
	cr_expect_str_eq(verify(curve, "ES256", "e"), "bad_signature");
	cr_expect_str_eq(verify(set[0], "RS256", "nobody"), "unknown_key");
}

Test(keys, a_key_without_kid_serves_tokens_with_any)
{
	json_t *set[] = {mint_key("HS256", 32, NULL)};

	open_with(set, 1);
	cr_assert_str_eq(verify(set[0], "HS256", "whatever"), "ok");
}

Test(keys, a_changed_token_does_not_verify)
{
	json_t *set[] = {mint_key("RS256", 0, "r")};
	char *text;

	open_with(set, 1);
	text = mint_token(set[0], "RS256", "r");
	cr_assert_str_eq(verify_text(text), "ok");
	for (size_t at = 0; at < strlen(text); at += 7) {
		char kept = text[at];

		if (kept == '.')
			continue;
		text[at] = kept == 'A' ? 'B' : 'A';
		cr_expect_str_neq(verify_text(text), "ok", "at %zu", at);
		text[at] = kept;
	}
}

Test(keys, the_file_is_read_again_when_it_changes)
{
	json_t *first = mint_key("ES256", 0, "1"), *second = mint_key("ES256", 0, "2");
	struct err err = {0};
	bool changed = true;

	open_with(&first, 1);
	cr_assert_eq(keys_refresh(keys, &changed, &err), ERR_OK);
	cr_assert_not(changed);
	mint_jwks(path, &second, 1);
	cr_assert_eq(keys_refresh(keys, &changed, &err), ERR_OK, "%s", err.msg);
	cr_assert(changed);
	cr_expect_str_eq(verify(second, "ES256", "2"), "ok");
	cr_expect_str_eq(verify(first, "ES256", "1"), "unknown_key");
}

Test(keys, a_bad_new_file_keeps_the_last_good_keys)
{
	json_t *key = mint_key("ES256", 0, "1");
	struct err err = {0};
	bool changed;

	open_with(&key, 1);
	mint_file(path, "");
	cr_assert_eq(keys_refresh(keys, &changed, &err), ERR_FATAL);
	cr_assert_str_eq(err.code, "keys_bad");
	cr_expect_str_eq(verify(key, "ES256", "1"), "ok");
	unlink(path);
	cr_assert_eq(keys_refresh(keys, &changed, &err), ERR_FATAL);
	cr_assert_str_eq(err.code, "keys_file");
	cr_expect_str_eq(verify(key, "ES256", "1"), "ok");
}

Test(keys, a_token_that_verified_once_is_forgotten_with_its_keys)
{
	json_t *first = mint_key("RS256", 0, "1"), *second = mint_key("RS256", 0, "1");
	struct err err = {0};
	bool changed;

	open_with(&first, 1);
	for (int i = 0; i < 3; i++)
		cr_expect_str_eq(verify_text(mint_token(first, "RS256", "1")), "ok");
	cr_expect_str_eq(verify_text(mint_token(second, "RS256", "1")), "bad_signature");
	mint_jwks(path, &second, 1);
	cr_assert_eq(keys_refresh(keys, &changed, &err), ERR_OK);
	cr_expect_str_eq(verify_text(mint_token(first, "RS256", "1")), "bad_signature");
	cr_expect_str_eq(verify_text(mint_token(second, "RS256", "1")), "ok");
}

static char *shared_text;

static void *verify_often(void *failures)
{
	for (int i = 0; i < 200; i++)
		*(int *)failures += strcmp(verify_text(shared_text), "ok") != 0;
	return NULL;
}

Test(keys, many_threads_verify_while_the_set_is_replaced)
{
	json_t *key = mint_key("ES256", 0, "1");
	pthread_t threads[8];
	int failures[8] = {0};
	struct err err = {0};
	bool changed;

	open_with(&key, 1);
	shared_text = mint_token(key, "ES256", "1");
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, verify_often, &failures[i]);
	for (int i = 0; i < 20; i++) {
		mint_jwks(path, &key, 1);
		cr_expect_eq(keys_refresh(keys, &changed, &err), ERR_OK);
	}
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		cr_expect_eq(failures[i], 0);
	}
}

/* "changed", "same", or the code of the refusal. */
static const char *replace(json_t *const *set, int count)
{
	static struct err err;
	char bytes[16384];
	FILE *file;
	size_t len;
	bool changed;

	mint_jwks(path, set, count);
	file = fopen(path, "r");
	cr_assert_not_null(file);
	len = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	err = (struct err){0};
	if (keys_replace(keys, bytes, len, &changed, &err))
		return err.code;
	return changed ? "changed" : "same";
}

Test(keys, those_that_come_by_replacement_are_public_and_the_last_good_ones_stay)
{
	json_t *first[] = {mint_key("RS256", 0, "r")};
	json_t *second[] = {mint_key("ES256", 0, "e"), mint_key("HS256", 32, "h")};
	json_t *third[] = {mint_key("ES256", 0, "e")};
	struct err err = {0};

	cr_assert_eq(keys_open_empty(&keys, &err), ERR_OK);
	cr_expect_eq(keys_count(keys), 0);
	cr_expect_str_eq(verify(first[0], "RS256", "r"), "keys_missing");
	cr_expect_str_eq(replace(first, 1), "changed");
	cr_expect_str_eq(verify(first[0], "RS256", "r"), "ok");
	cr_expect_str_eq(replace(first, 1), "same");
	cr_expect_str_eq(replace(second, 2), "keys_secret");
	cr_expect_str_eq(replace(second, 0), "keys_none");
	cr_expect_str_eq(verify(first[0], "RS256", "r"), "ok");
	cr_expect_str_eq(replace(third, 1), "changed");
	cr_expect_str_eq(verify(first[0], "RS256", "r"), "unknown_key");
	cr_expect_str_eq(verify(third[0], "ES256", "e"), "ok");
}
