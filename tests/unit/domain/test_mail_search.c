/* Everything that can happen to one recipient's two mails of a booking (an older and a newer version) with two workers
 * (design.md section 11, row "mail"). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "mail.h"
#include "search.h"

enum { WORKERS = 2, MAILS = 2, OLDER = 0, NEWER = 1, UNKNOWNS_MAX = 3 };

struct sender {
	uint8_t busy, mail, holds, result; /* result + 1 once there is one */
};

struct post {
	struct {
		uint8_t state, unknowns, orphan, delivered, waits;
	} mail[MAILS];
	struct sender sender[WORKERS];
	uint8_t newer_exists, losses, deaths, expiries, laters;
};

struct post_step {
	struct search *search;
	const struct post *from;
	bool no_fence, no_limit, no_supersede, calm_taken;
};

static const struct mail_limits limits = {86400000, 900000, UNKNOWNS_MAX};

static void go(struct post_step *step, const struct post *to, const char *action, bool calm)
{
	struct post sorted = *to;

	if (memcmp(&sorted.sender[0], &sorted.sender[1], sizeof(struct sender))
	    < 0) { /* which is which does not matter */
		sorted.sender[0] = to->sender[1];
		sorted.sender[1] = to->sender[0];
	}
	search_add(step->search, &sorted, action, calm && !step->calm_taken);
	step->calm_taken |= calm;
}

static bool is_over(uint8_t state)
{
	return state == MAIL_SENT || state == MAIL_FAILED || state == MAIL_SUPERSEDED;
}

static bool is_leased(const struct post *post, int mail)
{
	for (int s = 0; s < WORKERS; s++) {
		if (post->sender[s].busy && post->sender[s].holds && post->sender[s].mail == mail)
			return true;
	}
	return post->mail[mail].orphan;
}

static void write_mail(const struct post_step *step, struct post *to, int at, enum mail_result result)
{
	struct mail mail = {.state = (enum mail_state)to->mail[at].state,
			    .unknowns = step->no_limit ? 0 : to->mail[at].unknowns};
	struct mail_change change;

	mail_next(&mail, result, &limits, (struct instant){0}, &change);
	if (change.state == MAIL_FAILED && !change.alarm && mail.state != MAIL_FAILED)
		search_violation(step->search, "failed, and nobody was told");
	to->mail[at].state = (uint8_t)change.state;
	to->mail[at].unknowns += change.counts_as_unknown;
	to->mail[at].waits = change.wait_ms > 0;
}

static void claim(struct post_step *step, int s, int at)
{
	struct post to = *step->from;

	if (is_over(to.mail[at].state) || is_leased(&to, at) || to.mail[at].waits
	    || (at == NEWER && !to.newer_exists))
		return;
	if (to.mail[at].state == MAIL_SENDING) { /* its lease ran out: see mail_next */
		write_mail(step, &to, at, MAIL_RESULT_LOST);
		go(step, &to, "an expired lease counts as lost", true);
		return;
	}
	to.mail[at].state = MAIL_SENDING;
	to.sender[s] = (struct sender){.busy = 1, .mail = (uint8_t)at, .holds = 1};
	if (at == NEWER && !is_over(to.mail[OLDER].state) && !step->no_supersede) {
		to.mail[OLDER].state = MAIL_SUPERSEDED;
		to.mail[OLDER].orphan = 0;
	}
	if (at == OLDER && to.newer_exists
	    && (to.mail[NEWER].state == MAIL_SENDING || is_over(to.mail[NEWER].state)))
		search_violation(step->search, "an older version was claimed after a newer one");
	go(step, &to, at == OLDER ? "claim the older" : "claim the newer", true);
}

static void deliver(struct post_step *step, int s)
{
	struct post to = *step->from;
	struct sender *sender = &to.sender[s];

	to.mail[sender->mail].delivered++;
	sender->result = MAIL_RESULT_ACCEPTED + 1;
	go(step, &to, "taken by the server", true);
	if (to.losses > 0) {
		to.losses--;
		sender->result = MAIL_RESULT_LOST + 1;
		go(step, &to, "taken, the reply is lost", false);
		to.mail[sender->mail].delivered--;
		go(step, &to, "cut before the server took it", false);
	}
	to = *step->from;
	to.sender[s].result = MAIL_RESULT_REFUSED + 1;
	go(step, &to, "refused", false);
	if (to.laters == 0)
		return;
	to.laters--;
	to.sender[s].result = MAIL_RESULT_LATER + 1;
	go(step, &to, "later", false);
}

static void record(struct post_step *step, int s)
{
	struct post to = *step->from;
	struct sender sender = to.sender[s];
	uint8_t before = to.mail[sender.mail].state;

	to.sender[s] = (struct sender){0};
	if ((sender.holds && before == MAIL_SENDING) || step->no_fence) {
		if (step->no_fence && is_over(before))
			to.mail[sender.mail].state = MAIL_SENDING; /* an UPDATE without its WHERE */
		write_mail(step, &to, sender.mail, (enum mail_result)(sender.result - 1));
		if (is_over(before) && to.mail[sender.mail].state != before)
			search_violation(step->search, "a finished mail was moved");
	}
	go(step, &to, "record", true);
}

static void sender_steps(struct post_step *step, int s)
{
	const struct sender *sender = &step->from->sender[s];
	struct post to = *step->from;

	if (!sender->busy)
		return;
	if (sender->result)
		record(step, s);
	else
		deliver(step, s);
	if (to.deaths > 0) {
		to.deaths--;
		to.mail[sender->mail].orphan |= sender->holds && to.mail[sender->mail].state == MAIL_SENDING;
		to.sender[s] = (struct sender){0};
		go(step, &to, "killed", false);
	}
	to = *step->from;
	if (to.expiries > 0 && sender->holds) {
		to.expiries--;
		to.sender[s].holds = 0;
		go(step, &to, "its lease runs out", false);
	}
}

static void time_steps(struct post_step *step)
{
	for (int at = 0; at < MAILS; at++) {
		struct post to = *step->from;

		if (to.mail[at].orphan) {
			to.mail[at].orphan = 0;
			go(step, &to, "a dead worker's lease runs out", true);
		}
		to = *step->from;
		if (to.mail[at].waits && !is_over(to.mail[at].state)) {
			to.mail[at].waits = 0;
			go(step, &to, "15 minutes go by", true);
		}
	}
	if (!step->from->newer_exists) {
		struct post to = *step->from;

		to.newer_exists = 1;
		go(step, &to, "the booking changes", false);
	}
}

static void successors(const void *state, struct search *search, void *context)
{
	struct post_step step = *(struct post_step *)context;
	const struct post *post = state;

	step.search = search;
	step.from = post;
	for (int at = 0; at < MAILS; at++) {
		if (post->mail[at].delivered > 1 + UNKNOWNS_MAX)
			search_violation(search, "delivered more than once and three times more");
	}
	for (int s = 0; s < WORKERS; s++)
		sender_steps(&step, s);
	time_steps(&step);
	for (int at = MAILS - 1; at >= 0; at--) {
		for (int s = 0; s < WORKERS; s++) {
			if (!post->sender[s].busy)
				claim(&step, s, at);
		}
	}
	if (step.calm_taken)
		return;
	search_end(search);
	for (int at = 0; at < MAILS; at++) {
		if (!is_over(post->mail[at].state) && (at == OLDER || post->newer_exists))
			search_violation(search, "over, but a mail is open");
		if (post->mail[at].state == MAIL_SENT && post->mail[at].delivered == 0)
			search_violation(search, "called sent, but never delivered");
	}
}

static void search_mails(const char *what, struct post_step away, struct search_result *ret)
{
	static const struct post initial = {.losses = 5, .deaths = 1, .expiries = 2, .laters = 1};
	struct search_model model = {.state_bytes = sizeof(struct post),
				     .successors = successors,
				     .context = &away,
				     .states_max = 2000000};

	search_run(&model, &initial, ret);
	printf("mail search, %s: %zu states, %zu ends, %s%s\n", what, ret->states, ret->ends,
	       ret->violation ? ret->violation : "no violation", ret->trace);
}

Test(mail_search, two_workers_deliver_at_most_four_times_and_come_to_an_end)
{
	struct search_result result;

	search_mails("2 workers", (struct post_step){0}, &result);
	cr_assert_null(result.violation, "%s:%s", result.violation, result.trace);
	cr_assert_gt(result.ends, 0u);
}

Test(mail_search, without_the_fence_a_finished_mail_is_moved)
{
	struct search_result result;

	search_mails("no fence", (struct post_step){.no_fence = true}, &result);
	cr_assert_str_eq(result.violation, "a finished mail was moved");
}

Test(mail_search, without_the_count_of_unknowns_it_is_delivered_too_often)
{
	struct search_result result;

	search_mails("no limit", (struct post_step){.no_limit = true}, &result);
	cr_assert_str_eq(result.violation, "delivered more than once and three times more");
}

Test(mail_search, without_superseding_an_older_version_follows_a_newer_one)
{
	struct search_result result;

	search_mails("no superseding", (struct post_step){.no_supersede = true}, &result);
	cr_assert_str_eq(result.violation, "an older version was claimed after a newer one");
}
