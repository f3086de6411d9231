#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "stripe_signature.h"

#define BODY  "{\"id\":\"evt_1\",\"object\":\"event\"}"
#define STAMP 1700000000
#define V1    "4c15fb2a43f93ef61eaa3e0893866d57cad9cad4223242cfb96f362480cb4021"

static const char *const secrets[] = {"whsec_test", NULL};

static enum err_kind verify_at(const char *header, const char *body, int64_t at_s, struct err *err)
{
	struct stripe_signed what = {
		.header = header, .body = body, .len = strlen(body), .now = {at_s * 1000000}};

	return stripe_signature_verify(&what, secrets, err);
}

static void assert_refused(const char *header, const char *body, int64_t at_s, const char *wanted)
{
	struct err err = {0};

	cr_expect_eq(verify_at(header, body, at_s, &err), ERR_REJECT);
	cr_expect_str_eq(err.code, wanted, "%s", header ? header : "-");
}

Test(stripe_signature, accepts_the_vector_of_the_official_sdk)
{
	struct err err = {0};

	cr_assert_eq(verify_at("t=1700000000,v1=" V1, BODY, STAMP, &err), ERR_OK, "%s", err.msg);
}

Test(stripe_signature, accepts_any_matching_v1_among_others)
{
	struct err err = {0};
	char zeros[65] = "";

	memset(zeros, '0', 64);
	char header[512];
	snprintf(header, sizeof(header), "v0=abc,v1=%s,t=1700000000,v1=" V1 ",x=y", zeros);
	cr_assert_eq(verify_at(header, BODY, STAMP, &err), ERR_OK, "%s", err.msg);
}

Test(stripe_signature, accepts_the_old_secret_while_a_new_one_is_rolled_in)
{
	const char *const rolled[] = {"whsec_new", "whsec_test", NULL};
	struct stripe_signed what = {.header = "t=1700000000,v1=" V1,
				     .body = BODY,
				     .len = strlen(BODY),
				     .now = {STAMP * INT64_C(1000000)}};

	cr_assert_eq(stripe_signature_verify(&what, rolled, NULL), ERR_OK);
	cr_assert_eq(stripe_signature_verify(&what, (const char *const[]){"whsec_new", NULL}, NULL),
		     ERR_REJECT);
	cr_assert_eq(stripe_signature_verify(&what, (const char *const[]){NULL}, NULL), ERR_REJECT);
	cr_assert_eq(stripe_signature_verify(&what, (const char *const[]){"", NULL}, NULL), ERR_REJECT);
}

Test(stripe_signature, allows_300_seconds_either_way_and_not_one_more)
{
	struct err err = {0};
	const char *header = "t=1700000000,v1=" V1;

	cr_assert_eq(verify_at(header, BODY, STAMP + 300, &err), ERR_OK);
	cr_assert_eq(verify_at(header, BODY, STAMP - 300, &err), ERR_OK);
	assert_refused(header, BODY, STAMP + 301, "signature_too_old");
	assert_refused(header, BODY, STAMP - 301, "signature_in_future");
}

Test(stripe_signature, refuses_every_single_bit_of_difference_in_body_and_signature)
{
	char body[] = BODY, header[] = "t=1700000000,v1=" V1;

	for (size_t bit = 0; bit < 8 * (sizeof(body) - 1); bit++) {
		body[bit / 8] ^= (char)(1 << bit % 8);
		if (memchr(body, '\0', sizeof(body) - 1) == NULL)
			cr_expect_neq(verify_at("t=1700000000,v1=" V1, body, STAMP, NULL), ERR_OK);
		body[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t i = strlen("t=1700000000,v1="); i < sizeof(header) - 1; i++) {
		char was = header[i];

		header[i] = was == '0' ? '1' : '0';
		assert_refused(header, BODY, STAMP, "wrong_signature");
		header[i] = was;
	}
}

Test(stripe_signature, refuses_headers_that_do_not_read)
{
	static char long_header[STRIPE_SIGNATURE_HEADER_BYTES + 64];

	assert_refused(NULL, BODY, STAMP, "bad_signature_header");
	assert_refused("", BODY, STAMP, "bad_signature_header");
	assert_refused("t=1700000000", BODY, STAMP, "bad_signature_header");
	assert_refused("v1=" V1, BODY, STAMP, "bad_signature_header");
	assert_refused("t=1700000000,v0=" V1, BODY, STAMP, "bad_signature_header");
	assert_refused("t=,v1=" V1, BODY, STAMP, "bad_signature_header");
	assert_refused("t=17e8,v1=" V1, BODY, STAMP, "bad_signature_header");
	assert_refused("t=-1,v1=" V1, BODY, STAMP, "bad_signature_header");
	assert_refused("t=99999999999999999999,v1=" V1, BODY, STAMP, "bad_signature_header");
	assert_refused("t=1700000000,t=1700000001,v1=" V1, BODY, STAMP, "bad_signature_header");
	assert_refused("t=1700000000,v1=zz", BODY, STAMP, "bad_signature_header");
	assert_refused("t=1700000000,v1=4C15FB2A43F93EF61EAA3E0893866D57CAD9CAD4223242CFB96F362480CB4021",
		       BODY, STAMP, "bad_signature_header");
	assert_refused("t=1700000000,v1=" V1 "00", BODY, STAMP, "bad_signature_header");
	assert_refused(",,,,=,v1,t", BODY, STAMP, "bad_signature_header");
	snprintf(long_header, sizeof(long_header), "t=1700000000,v1=%s,", V1);
	memset(long_header + strlen(long_header), 'x', sizeof(long_header) - strlen(long_header) - 1);
	assert_refused(long_header, BODY, STAMP, "bad_signature_header");
}

Test(stripe_signature, the_stamp_is_part_of_what_was_signed)
{
	assert_refused("t=1700000001,v1=" V1, BODY, STAMP, "wrong_signature");
	assert_refused("t=01700000000,v1=" V1, BODY, STAMP, "bad_signature_header");
}
