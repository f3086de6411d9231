/* Every folder of tests/data/stripe. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"
#include "stripe_object.h"
#include "stripe_payment_object.h"

#define DATA_DIR   UNBOOK_SOURCE_DIR "/tests/data/stripe"
#define FILE_BYTES (256 * 1024)
#define PAYMENT    "pi_1"

/* Exactly as large as the file, so that a read past its end is seen. */
static char *read_file(const char *folder, const char *name, size_t *ret_len)
{
	static char bytes[FILE_BYTES];
	char path[512];
	FILE *file;
	char *copy;

	snprintf(path, sizeof(path), "%s/%s/%s", DATA_DIR, folder, name);
	file = fopen(path, "rb");
	cr_assert(file, "%s", path);
	*ret_len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	copy = malloc(*ret_len ? *ret_len : 1);
	memcpy(copy, bytes, *ret_len);
	return copy;
}

static const char *or_dash(const char *text)
{
	return text[0] ? text : "-";
}

static void show(struct buf *out, const struct stripe_refund *refund)
{
	buf_addf(out, "id %s\nof %s\namount %lld %s\nstatus %s\n", refund->id, refund->payment_intent,
		 (long long)refund->amount.minor, refund->amount.currency,
		 stripe_refund_status_name(refund->status));
	buf_addf(out, "refund_id %s\ngeneration %d\nreason %s\nreference %s\ncreated %lld\n",
		 or_dash(refund->refund_id), refund->generation, or_dash(refund->failure_reason),
		 or_dash(refund->reference), (long long)(refund->created_at.us / 1000000));
}

static void show_payment(struct buf *out, const struct stripe_payment *payment)
{
	buf_addf(out, "id %s\ncaptured %d\namount %lld %s\ncharge %s\nbooking %lld\ninstance %s\n",
		 payment->id, payment->is_captured, (long long)payment->received.minor,
		 payment->received.currency, or_dash(payment->charge_id), (long long)payment->booking_id,
		 or_dash(payment->instance_id));
	buf_addf(out, "live %d\ncreated %lld\n", payment->is_live,
		 (long long)(payment->created_at.us / 1000000));
}

static enum err_kind decode_account(const char *what, const char *bytes, size_t len, struct buf *out,
				    struct err *err)
{
	struct stripe_payment_page payments = {0};
	struct stripe_refund_page refunds = {0};
	struct stripe_payment payment = {0};
	enum err_kind kind;
	struct arena arena;

	arena_init(&arena, 256 * 1024);
	if (str_eq(what, "payment")) {
		kind = stripe_payment_decode(bytes, len, &payment, err);
		if (!kind)
			show_payment(out, &payment);
	} else if (str_eq(what, "payments")) {
		kind = stripe_payment_page_decode(bytes, len, &arena, &payments, err);
		if (!kind)
			buf_addf(out, "has_more %d\nunread %zu\nlast %s\n", payments.has_more,
				 payments.unread, payments.last_id ? payments.last_id : "-");
		for (size_t i = 0; i < payments.count; i++)
			show_payment(out, &payments.payments[i]);
	} else {
		kind = stripe_refund_page_decode(bytes, len, NULL, &arena, &refunds, err);
		if (!kind)
			buf_addf(out, "has_more %d\nunread %zu\nlast %s\n", refunds.has_more, refunds.unread,
				 refunds.last_id ? refunds.last_id : "-");
		for (size_t i = 0; i < refunds.count; i++)
			show(out, &refunds.refunds[i]);
	}
	arena_release(&arena);
	return kind;
}

static enum err_kind decode(const char *what, const char *bytes, size_t len, struct buf *out, struct err *err)
{
	struct stripe_refund_page page = {0};
	struct stripe_error error = {0};
	struct stripe_refund refund = {0};
	enum err_kind kind;
	struct arena arena;

	if (str_starts(what, "payment") || str_eq(what, "refunds"))
		return decode_account(what, bytes, len, out, err);
	arena_init(&arena, 256 * 1024);
	if (str_eq(what, "refund")) {
		kind = stripe_refund_decode(bytes, len, PAYMENT, &refund, err);
		if (!kind)
			show(out, &refund);
	} else if (str_eq(what, "page")) {
		kind = stripe_refund_page_decode(bytes, len, PAYMENT, &arena, &page, err);
		if (!kind)
			buf_addf(out, "has_more %d\n", page.has_more);
		for (size_t i = 0; i < page.count; i++)
			show(out, &page.refunds[i]);
	} else {
		kind = stripe_error_decode(bytes, len, &error, err);
		if (!kind)
			buf_addf(out, "type %s\ncode %s\n", or_dash(error.type), or_dash(error.code));
	}
	arena_release(&arena);
	return kind;
}

static void run_case(const char *folder)
{
	size_t input_len, expect_len;
	char *input = read_file(folder, "input", &input_len);
	char *expect = read_file(folder, "expect", &expect_len);
	char what[16] = "", *text = strndup(expect, expect_len);
	struct err err = {0};
	struct buf out;

	buf_init(&out, FILE_BYTES);
	cr_assert_eq(sscanf(text, "%15s", what), 1, "%s", folder);
	buf_addf(&out, "%s\n", what);
	if (decode(what, input, input_len, &out, &err) == ERR_REJECT) {
		buf_addf(&out, "reject %s", err.code);
		if (str_eq(err.code, "bad_object"))
			buf_addf(&out, " %s", err.msg);
		buf_add(&out, "\n");
	}
	cr_expect_str_eq(out.data, text, "%s:\n%s", folder, out.data);
	buf_release(&out);
	free(text);
	free(expect);
	free(input);
}

Test(stripe_object, decodes_every_case_of_the_data_folder_as_expected)
{
	DIR *dir = opendir(DATA_DIR);
	struct dirent *entry;
	int cases = 0;

	cr_assert(dir);
	while ((entry = readdir(dir))) {
		if (strchr(entry->d_name, '.'))
			continue;
		run_case(entry->d_name);
		cases++;
	}
	closedir(dir);
	cr_assert_gt(cases, 50);
}

Test(stripe_object, refuses_a_body_over_the_cap_before_it_parses)
{
	size_t len = STRIPE_BODY_BYTES_MAX + 1;
	char *bytes = malloc(len);
	struct stripe_error error;
	struct err err;

	memset(bytes, ' ', len);
	cr_assert_eq(stripe_error_decode(bytes, len, &error, &err), ERR_REJECT);
	cr_assert_str_eq(err.code, "too_large");
	free(bytes);
}

Test(stripe_object, takes_the_payment_that_is_there_when_none_is_asked_for)
{
	static const char body[] =
		"{\"id\":\"re_1\",\"object\":\"refund\",\"amount\":1,\"charge\":\"ch_1\",\"created\":1,"
		"\"currency\":\"usd\",\"payment_intent\":null,\"status\":\"succeeded\"}";
	struct stripe_refund refund;

	cr_assert_eq(stripe_refund_decode(body, sizeof(body) - 1, NULL, &refund, NULL), ERR_OK);
	cr_assert_str_eq(refund.payment_intent, "ch_1");
}
