/* Addresses and lines: what may be called at all, and what a failure proves about bytes that left. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "http_client.h"
#include "sim.h"
#include "str.h"

TestSuite(stripe_lines, .timeout = 30);

static enum err_kind create_at(const char *url, struct stripe_answer *ret_answer, struct err *err)
{
	struct stripe *stripe = sim_client_at(url, "sk_test_x");
	struct refund refund = {.id = "34c9165a-2f72-43f2-a0ce-16a4641dc756",
				.payment_intent = "pi_1",
				.captured = {1, "EUR"},
				.generation = 1};
	enum err_kind kind = stripe_create_refund(stripe, &refund, NULL, ret_answer, err);

	stripe_close(stripe);
	return kind;
}

static int listener(int backlog, int *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&address, len), 0);
	if (backlog >= 0)
		cr_assert_eq(listen(fd, backlog), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static void assert_not_sent(const char *url)
{
	struct stripe_answer answer;
	struct err err = {0};

	cr_assert_eq(create_at(url, &answer, &err), ERR_RETRY, "%s: %s", url, err.msg);
	cr_assert_eq(answer.refund_answer, REFUND_ANSWER_NOT_SENT);
	cr_assert_eq(answer.http_status, 0);
	cr_assert_str_eq(err.code, "http_no_connection");
}

Test(stripe_lines, a_refused_connection_proves_that_nothing_left)
{
	char url[64];
	int port, fd = listener(-1, &port);

	snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
	assert_not_sent(url);
	close(fd);
}

Test(stripe_lines, a_name_that_does_not_resolve_proves_that_nothing_left)
{
	assert_not_sent("https://stripe.invalid");
}

Test(stripe_lines, a_peer_that_speaks_no_tls_gets_not_a_byte_of_the_request)
{
	char url[128];

	snprintf(url, sizeof(url), "https%s", sim_url() + strlen("http"));
	assert_not_sent(url);
}

Test(stripe_lines, a_peer_that_never_answers_leaves_it_unknown_when_the_time_is_up)
{
	struct stripe_answer answer;
	struct err err = {0};
	char url[64];
	int port, fd = listener(8, &port);
	int64_t started_ms = deadline_in_ms(0);

	snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
	cr_assert_eq(create_at(url, &answer, &err), ERR_UNSURE);
	cr_assert_eq(answer.refund_answer, REFUND_ANSWER_UNKNOWN);
	cr_assert_str_eq(err.code, "http_timeout");
	cr_assert_lt(deadline_in_ms(0) - started_ms, 3500);
	close(fd);
}

/* Answer each line with head and then, if endless, with bytes until the other side has had enough. */
static pid_t serve(int fd, const char *head, bool endless)
{
	pid_t child = fork();

	if (child)
		return child;
	for (;;) {
		int line = accept(fd, NULL, NULL);
		char bytes[4096];

		(void)!read(line, bytes, sizeof(bytes));
		(void)!write(line, head, strlen(head));
		memset(bytes, ' ', sizeof(bytes));
		while (endless && write(line, bytes, sizeof(bytes)) > 0) {
		}
		close(line);
	}
}

/* wanted_code NULL: any. */
static void assert_unknown(const char *head, bool endless, const char *wanted_code)
{
	struct stripe_answer answer;
	struct err err = {0};
	char url[64];
	int port, fd = listener(8, &port);
	pid_t child = serve(fd, head, endless);

	snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
	cr_expect_eq(create_at(url, &answer, &err), ERR_UNSURE, "%s", head);
	cr_expect_eq(answer.refund_answer, REFUND_ANSWER_UNKNOWN, "%s", head);
	if (wanted_code)
		cr_expect_str_eq(err.code, wanted_code, "%s: %s", head, err.msg);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(fd);
}

Test(stripe_lines, a_peer_that_hangs_up_leaves_it_unknown)
{
	assert_unknown("", false, "http_cut");
	assert_unknown("HTTP/1.1 200 OK\r\nContent-Le", false, NULL);
	assert_unknown("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", false, "http_cut");
	assert_unknown("HTTP/1.1 200 OK\r\n\r\n{", false, NULL);
}

Test(stripe_lines, what_is_not_http_leaves_it_unknown)
{
	assert_unknown("220 mail.example ESMTP\r\n", false, "http_failed");
}

Test(stripe_lines, an_answer_over_the_cap_leaves_it_unknown)
{
	assert_unknown("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n", true, "http_too_large");
	assert_unknown("HTTP/1.1 200 OK\r\n\r\n", true, "http_too_large");
	assert_unknown("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n", true,
		       "http_too_large");
	assert_unknown("HTTP/1.1 200 OK\r\nX: ", true, NULL);
}

static void assert_refused_address(const char *url, const char *key)
{
	const struct stripe_options options = {.url = url, .key = key, .connect_ms = 100, .timeout_ms = 100};
	struct stripe *stripe = NULL;
	struct err err = {0};

	cr_expect_eq(stripe_open(&options, &stripe, &err), ERR_FATAL, "%s", url);
	cr_expect_str_eq(err.code, "stripe_config");
	cr_expect_null(strstr(err.msg, "secret"), "%s", err.msg);
	stripe_close(stripe);
}

Test(stripe_lines, plain_http_is_for_loopback_and_the_address_holds_nothing_else)
{
	assert_refused_address("http://api.stripe.com", "sk_test_secret");
	assert_refused_address("http://10.0.0.1:80", "sk_test_secret");
	assert_refused_address("http://127.evil.example", "sk_test_secret");
	assert_refused_address("http://user@127.0.0.1", "sk_test_secret");
	assert_refused_address("https://api.stripe.com/?a=b", "sk_test_secret");
	assert_refused_address("ftp://127.0.0.1", "sk_test_secret");
	assert_refused_address("file:///etc/passwd", "sk_test_secret");
	assert_refused_address("", "sk_test_secret");
}

Test(stripe_lines, a_key_of_no_known_mode_is_refused_and_the_mode_is_read_from_it)
{
	struct stripe *live = sim_client_at("https://api.stripe.com", "sk_live_x");
	struct stripe *test = sim_client_at("https://api.stripe.com", "rk_test_x");

	cr_assert(stripe_is_live(live));
	cr_assert_not(stripe_is_live(test));
	stripe_close(live);
	stripe_close(test);
	assert_refused_address("https://api.stripe.com", "pk_test_secret");
	assert_refused_address("https://api.stripe.com", "whsec_secret");
	assert_refused_address("https://api.stripe.com", "sk_test_secret\r\nX: y");
}

Test(stripe_lines, names_and_values_of_a_form_are_escaped)
{
	struct buf form;

	buf_init(&form, 256);
	http_form_add(&form, "metadata[a]", "b&c=d é");
	http_form_add(&form, "x", "~y");
	cr_assert_str_eq(form.data, "metadata%5Ba%5D=b%26c%3Dd%20%C3%A9&x=~y");
	buf_release(&form);
}
