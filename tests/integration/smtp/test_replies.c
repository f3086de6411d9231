/* What a reply at each step means. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "sample.h"
#include "sink.h"

static struct sent send_under(const char *fault, const char *to_address)
{
	struct smtp_options options = sample_options(sink_url());
	struct smtp_message message = sample_message(to_address);

	sink_fault(fault);
	return sample_send(&options, &message);
}

static struct sent send_answered(const char *step, int code)
{
	char fault[100];

	snprintf(fault, sizeof(fault), "{\"step\":\"%s\",\"code\":%d}", step, code);
	return send_under(fault, "answered@families.example");
}

Test(replies, a_4xx_at_any_step_means_later)
{
	static const char *const steps[] = {"banner", "mail", "rcpt", "data", "dot"};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct sent sent = send_answered(steps[i], 451);

		ASSERT_SENT(sent, MAIL_RESULT_LATER, 451);
		cr_assert_eq(sent.kind, ERR_RETRY);
	}
}

Test(replies, a_421_means_later)
{
	static const char *const steps[] = {"banner", "mail", "rcpt", "data", "dot"};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		ASSERT_SENT(send_answered(steps[i], 421), MAIL_RESULT_LATER, 421);
}

Test(replies, a_5xx_to_the_mail_itself_refuses_it)
{
	static const char *const steps[] = {"mail", "rcpt", "data", "dot"};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct sent sent = send_answered(steps[i], 550);

		ASSERT_SENT(sent, MAIL_RESULT_REFUSED, 550);
		cr_assert_eq(sent.kind, ERR_REJECT);
	}
}

Test(replies, a_5xx_before_any_mail_is_named_refuses_us_and_not_the_mail)
{
	ASSERT_SENT(send_answered("banner", 554), MAIL_RESULT_LATER, 554);
	ASSERT_SENT(send_answered("mail", 530), MAIL_RESULT_LATER, 530);
	ASSERT_SENT(send_answered("mail", 535), MAIL_RESULT_LATER, 535);
}

Test(replies, a_line_cut_before_data_means_later)
{
	static const char *const steps[] = {"banner", "ehlo", "mail", "rcpt", "data"};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		char fault[100];

		snprintf(fault, sizeof(fault), "{\"step\":\"%s\",\"do\":\"cut\"}", steps[i]);
		struct sent sent = send_under(fault, "cut@families.example");
		cr_assert_eq(sent.result, MAIL_RESULT_LATER, "%s: %s", steps[i], sent.err.msg);
		cr_assert_eq(sent.kind, ERR_RETRY);
	}
	json_t *mails = sink_mails("cut@families.example");
	cr_assert_eq(json_array_size(mails), 0);
	json_decref(mails);
}

Test(replies, a_line_cut_after_the_final_dot_leaves_it_unknown)
{
	struct sent sent = send_under("{\"step\":\"dot\",\"do\":\"cut\"}", "lost@families.example");

	ASSERT_SENT(sent, MAIL_RESULT_LOST, 354);
	cr_assert_eq(sent.kind, ERR_UNSURE);
}

Test(replies, silence_after_the_final_dot_is_waited_for_longer_than_at_a_step)
{
	struct sent sent =
		send_under("{\"step\":\"dot\",\"do\":\"silence\",\"seconds\":9}", "silent@families.example");

	ASSERT_SENT(sent, MAIL_RESULT_LOST, 354);
	cr_assert(sent.took_ms >= 4000 && sent.took_ms < 7000, "%d ms", (int)sent.took_ms);
}

Test(replies, silence_at_a_step_means_later)
{
	struct sent sent =
		send_under("{\"step\":\"rcpt\",\"do\":\"silence\",\"seconds\":9}", "silent@families.example");

	ASSERT_SENT(sent, MAIL_RESULT_LATER, 250);
	cr_assert(sent.took_ms >= 2000 && sent.took_ms < 4500, "%d ms", (int)sent.took_ms);
}

Test(replies, a_slow_banner_is_waited_for_longer_than_a_connection)
{
	struct sent sent =
		send_under("{\"step\":\"banner\",\"do\":\"slow\",\"seconds\":1.6}", "slow@families.example");

	ASSERT_SENT(sent, MAIL_RESULT_ACCEPTED, 250);
	cr_assert_geq(sent.took_ms, 1500);
}

Test(replies, no_listener_means_later_without_any_code)
{
	struct smtp_options options = sample_options("smtp://127.0.0.1:1");
	struct smtp_message message = sample_message("eva@families.example");
	struct sent sent = sample_send(&options, &message);

	ASSERT_SENT(sent, MAIL_RESULT_LATER, 0);
	cr_assert_str_eq(sent.err.code, "smtp_unreachable");
}

Test(replies, without_starttls_nothing_is_sent_where_it_is_required)
{
	struct smtp_options options = sample_options(sink_url());
	struct smtp_message message = sample_message("plain@families.example");

	options.require_tls = true;
	struct sent sent = sample_send(&options, &message);
	cr_assert_eq(sent.result, MAIL_RESULT_LATER);
	cr_assert_str_eq(sent.err.code, "smtp_no_tls");
	json_t *mails = sink_mails("plain@families.example");
	cr_assert_eq(json_array_size(mails), 0);
	json_decref(mails);
}
