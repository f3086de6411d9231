#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keys.h"
#include "mint.h"

/* The code of keys_open for a file of this content, "ok" when it opens. */
static const char *open_content(const char *content)
{
	static struct err err;
	struct keys *keys = NULL;
	char path[64] = "";
	enum err_kind kind;

	err = (struct err){0};
	mint_file(path, content);
	kind = keys_open(path, &keys, &err);
	keys_close(keys);
	unlink(path);
	cr_expect(!kind || kind == ERR_FATAL);
	return kind ? err.code : "ok";
}

#define B32       "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"
#define OCT(more) "{\"keys\":[{\"kty\":\"oct\",\"k\":\"" B32 "\"" more "}]}"

Test(key_set, what_is_no_jwks_is_refused)
{
	cr_expect_str_eq(open_content(""), "keys_bad");
	cr_expect_str_eq(open_content("\n"), "keys_bad");
	cr_expect_str_eq(open_content("not json"), "keys_bad");
	cr_expect_str_eq(open_content("[]"), "keys_bad");
	cr_expect_str_eq(open_content("{}"), "keys_bad");
	cr_expect_str_eq(open_content("{\"keys\":{}}"), "keys_bad");
	cr_expect_str_eq(open_content("{\"keys\":[7]}"), "keys_bad");
	cr_expect_str_eq(open_content("{\"keys\":[],\"keys\":[]}"), "keys_bad");
	cr_expect_str_eq(
		open_content("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]}"),
		"keys_bad");
}

Test(key_set, a_set_without_a_usable_key_is_refused)
{
	cr_expect_str_eq(open_content("{\"keys\":[]}"), "keys_none");
	cr_expect_str_eq(open_content(OCT(",\"use\":\"enc\"")), "keys_none");
	cr_expect_str_eq(open_content(OCT(",\"alg\":\"none\"")), "keys_none");
	cr_expect_str_eq(open_content(OCT(",\"alg\":\"hs256\"")), "keys_none");
	cr_expect_str_eq(open_content(OCT(",\"alg\":\"RS256\"")), "keys_none");
	cr_expect_str_eq(open_content(OCT(",\"key_ops\":[\"sign\"]")), "keys_none");
	cr_expect_str_eq(open_content("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}]}"),
			 "keys_none");
}

Test(key_set, weak_keys_are_refused)
{
	cr_expect_str_eq(open_content("{\"keys\":[{\"kty\":\"oct\",\"k\":\"\"}]}"), "keys_weak");
	cr_expect_str_eq(open_content("{\"keys\":[{\"kty\":\"oct\"}]}"), "keys_weak");
	cr_expect_str_eq(
		open_content(
			"{\"keys\":[{\"kty\":\"oct\",\"k\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MA\"}]}"),
		"keys_weak");
	cr_expect_str_eq(open_content("{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}"),
			 "keys_weak");
	cr_expect_str_eq(open_content(OCT(",\"alg\":\"HS512\"")), "keys_weak", "HS512 needs 64 bytes");
}

Test(key_set, a_usable_key_is_enough)
{
	cr_expect_str_eq(open_content(OCT("")), "ok");
	cr_expect_str_eq(
		open_content(OCT(",\"alg\":\"HS256\",\"use\":\"sig\",\"key_ops\":[\"sign\",\"verify\"]")),
		"ok");
	cr_expect_str_eq(open_content("{\"keys\":[{\"kty\":\"OKP\"},{\"kty\":\"oct\",\"k\":\"" B32 "\"}]}"),
			 "ok");
}

Test(key_set, a_file_that_is_not_there_is_refused)
{
	struct keys *keys;
	struct err err = {0};

	cr_assert_eq(keys_open("/nonexistent/jwks.json", &keys, &err), ERR_FATAL);
	cr_assert_str_eq(err.code, "keys_file");
	cr_assert_eq(keys_open("/tmp", &keys, &err), ERR_FATAL);
	cr_assert_str_eq(err.code, "keys_file");
}
