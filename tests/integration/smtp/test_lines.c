/* What goes over the line, against a peer that does one thing wrong. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"
#include "sample.h"

static struct sent talk(struct peer *peer, const struct peer_script *script,
			const struct smtp_message *message)
{
	peer_start(peer, script);
	struct smtp_options options = sample_options(peer->url);
	struct sent sent = sample_send(&options, message);

	peer_stop(peer);
	return sent;
}

static struct sent talk_simply(struct peer *peer, const struct peer_script *script)
{
	struct smtp_message message = sample_message("eva@families.example");

	return talk(peer, script, &message);
}

Test(lines, one_transaction_to_one_recipient_and_a_quit)
{
	struct peer peer;
	struct sent sent = talk_simply(&peer, &(struct peer_script){0});

	ASSERT_SENT(sent, MAIL_RESULT_ACCEPTED, 250);
	cr_assert(!strncmp(peer.heard, "EHLO ", 5));
	cr_assert_str_eq(strchr(peer.heard, '|'),
			 "|MAIL FROM:<lessons@school.example>|RCPT TO:<eva@families.example>|DATA|QUIT|",
			 "%s", peer.heard);
}

Test(lines, the_path_of_the_url_is_our_name)
{
	struct peer peer;
	struct smtp_message message = sample_message("eva@families.example");
	char url[100];

	peer_start(&peer, &(struct peer_script){0});
	snprintf(url, sizeof(url), "%s/worker.school.example", peer.url);
	struct smtp_options options = sample_options(url);
	ASSERT_SENT(sample_send(&options, &message), MAIL_RESULT_ACCEPTED, 250);
	peer_stop(&peer);
	cr_assert(!strncmp(peer.heard, "EHLO worker.school.example|", 27), "%s", peer.heard);
}

Test(lines, a_peer_that_never_answers_quit_costs_no_time)
{
	struct peer peer;
	struct sent sent = talk_simply(&peer, &(struct peer_script){.quit = ""});

	ASSERT_SENT(sent, MAIL_RESULT_ACCEPTED, 250);
	cr_assert_lt(sent.took_ms, 1500);
	cr_assert(strstr(peer.heard, "QUIT|"));
}

Test(lines, any_2xx_after_the_final_dot_means_taken)
{
	struct peer peer;

	ASSERT_SENT(talk_simply(&peer, &(struct peer_script){.dot = "252 taken, I think"}),
		    MAIL_RESULT_ACCEPTED, 252);
}

Test(lines, a_3xx_after_the_final_dot_is_no_answer)
{
	struct peer peer;

	ASSERT_SENT(talk_simply(&peer, &(struct peer_script){.dot = "354 what?"}), MAIL_RESULT_LOST, 354);
}

Test(lines, a_cut_in_the_message_leaves_it_unknown_or_later_never_refused)
{
	struct peer peer;
	struct smtp_message message = sample_message("eva@families.example");
	char *text = calloc(1, 400001);

	for (int i = 0; i < 400000; i++)
		text[i] = i % 70 == 69 ? '\n' : 'x';
	message.text = text;
	struct sent sent = talk(&peer, &(struct peer_script){.cut_after_bytes = 2000}, &message);
	cr_assert(sent.result == MAIL_RESULT_LOST || sent.result == MAIL_RESULT_LATER, "%s", sent.err.msg);
	free(text);
}

Test(lines, without_ehlo_it_says_helo)
{
	struct peer peer;
	struct sent sent = talk_simply(&peer, &(struct peer_script){.ehlo = "502 no"});

	cr_assert_eq(sent.result, MAIL_RESULT_LATER, "the peer knows no HELO either");
	cr_assert_str_eq(sent.err.code, "smtp_refuses_us");
	cr_assert(strstr(peer.heard, "HELO "));
}

static bool never(void *context)
{
	++*(int *)context;
	return false;
}

Test(lines, what_we_no_longer_hold_is_given_up_before_the_message)
{
	struct peer peer;
	struct smtp_message message = sample_message("eva@families.example");
	int asked = 0;

	message.goes_on = never;
	message.context = &asked;
	struct sent sent = talk(&peer, &(struct peer_script){.mail = ""}, &message);
	cr_assert_eq(sent.result, MAIL_RESULT_LATER);
	cr_assert_geq(asked, 1);
	cr_assert_lt(sent.took_ms, 1900);
}

Test(lines, line_breaks_in_addresses_never_reach_the_line)
{
	static const char *const bad[] = {"eva@families.example\r\nRCPT TO:<x@y.example>", "a@b.example>",
					  "a@b.example, c@d.example", "", "a@b.example\n"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct smtp_options options = sample_options("smtp://127.0.0.1:1");
		struct smtp_message message = sample_message(bad[i]);
		struct sent sent = sample_send(&options, &message);

		ASSERT_SENT(sent, MAIL_RESULT_BAD, 0);
		cr_assert_str_eq(sent.err.code, "bad_address");
	}
}
