/* test_service.c: the life of a process, seen from outside: signals, exit codes, the admin port. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "service.h"

#define WAIT_MS 10000

TestSuite(service, .timeout = 30);

struct child {
	pid_t pid;
	int log; /* its stderr */
	char text[16384];
	size_t len;
};

static struct child start(enum err_kind (*run)(void *context, struct err *err))
{
	static char listen_on[] = "127.0.0.1:0";
	static struct common_settings settings = {.admin_listen = listen_on};
	struct service_options options = {.name = "test", .version = "0", .settings = &settings, .run = run};
	struct child child = {0};
	int ends[2];

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	child.pid = fork();
	if (child.pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		_exit(service_main(&options));
	}
	close(ends[1]);
	child.log = ends[0];
	return child;
}

static void expect_log(struct child *child, const char *what)
{
	int64_t deadline = deadline_in_ms(WAIT_MS);

	while (!strstr(child->text, what)) {
		struct pollfd one = {.fd = child->log, .events = POLLIN};
		ssize_t got;

		cr_assert_eq(poll(&one, 1, (int)deadline_left_ms(deadline)), 1, "no line says %s:\n%s", what,
			     child->text);
		got = read(child->log, child->text + child->len, sizeof(child->text) - 1 - child->len);
		cr_assert_gt(got, 0, "it ended before it said %s:\n%s", what, child->text);
		child->len += (size_t)got;
	}
}

/* Its exit code, -1 when it was killed. */
static int ended(struct child *child)
{
	int status = 0;

	cr_assert_eq(waitpid(child->pid, &status, 0), child->pid);
	close(child->log);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The answer to a request of these bytes. */
static void ask(const struct child *child, const char *request, char *ret_answer, size_t cap)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	const char *port = strstr(child->text, "127.0.0.1:");
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t len = 0;
	ssize_t got;

	cr_assert_not_null(port);
	address.sin_port = htons((uint16_t)strtol(port + strlen("127.0.0.1:"), NULL, 10));
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
	while ((got = read(fd, ret_answer + len, cap - 1 - len)) > 0)
		len += (size_t)got;
	ret_answer[len] = '\0';
	close(fd);
}

static enum err_kind serve(void *context, struct err *err)
{
	(void)context, (void)err;
	service_wait();
	return ERR_OK;
}

Test(service, a_first_sigterm_ends_it_with_0)
{
	struct child child = start(serve);

	expect_log(&child, "\"msg\":\"ready\"");
	kill(child.pid, SIGTERM);
	expect_log(&child, "\"msg\":\"stopped\"");
	cr_expect_eq(ended(&child), 0);
}

static enum err_kind serve_and_hang(void *context, struct err *err)
{
	(void)context, (void)err;
	service_wait();
	for (;;)
		pause();
	return ERR_OK;
}

Test(service, a_second_sigterm_ends_it_at_once)
{
	struct child child = start(serve_and_hang);

	expect_log(&child, "\"msg\":\"ready\"");
	kill(child.pid, SIGTERM);
	expect_log(&child, "\"msg\":\"stopping\"");
	kill(child.pid, SIGTERM);
	cr_expect_eq(ended(&child), SERVICE_FAILED);
}

static enum err_kind fail(void *context, struct err *err)
{
	(void)context;
	return err_set(err, ERR_FATAL, "no_luck", "nothing works");
}

Test(service, what_cannot_run_says_why_and_ends_with_70)
{
	struct child child = start(fail);

	expect_log(&child, "\"code\":\"no_luck\"");
	cr_expect_eq(ended(&child), SERVICE_FAILED);
}

static enum err_kind stop_itself(void *context, struct err *err)
{
	(void)context, (void)err;
	service_stop(SERVICE_FAILED);
	service_wait();
	return ERR_OK;
}

Test(service, a_part_may_stop_the_process)
{
	struct child child = start(stop_itself);

	cr_expect_eq(ended(&child), SERVICE_FAILED);
}

Test(service, a_misspelt_setting_is_named_in_the_log)
{
	struct child child;

	setenv("UNBOOK_LOG_LEVELS", "debug", 1);
	child = start(stop_itself);
	expect_log(&child, "no setting of this service");
	expect_log(&child, "UNBOOK_LOG_LEVELS");
	cr_expect_eq(ended(&child), SERVICE_FAILED);
}

static bool is_alive(void *context)
{
	(void)context;
	return false;
}

static void missing(void *context, char *ret_text, size_t cap)
{
	(void)context;
	snprintf(ret_text, cap, "coffee");
}

static enum err_kind serve_without_coffee(void *context, struct err *err)
{
	static int part;

	(void)context, (void)err;
	service_check_add(&(struct service_check){"kitchen", &part, is_alive, missing});
	service_wait();
	service_check_remove(&part);
	return ERR_OK;
}

Test(service, the_admin_port_answers_and_names_what_is_missing)
{
	struct child child = start(serve_without_coffee);
	static char answer[65536];

	expect_log(&child, "\"msg\":\"ready\"");
	ask(&child, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof(answer));
	cr_expect(strstr(answer, "HTTP/1.1 503 ") && strstr(answer, "\r\n\r\nkitchen: coffee\n"), "%s",
		  answer);
	ask(&child, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof(answer));
	cr_expect(strstr(answer, "HTTP/1.1 503 ") && strstr(answer, "kitchen stands still"), "%s", answer);
	ask(&child, "GET /metrics?x=1 HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof(answer));
	cr_expect(strstr(answer, "HTTP/1.1 200 ") && strstr(answer, "process_resident_memory_bytes"), "%s",
		  answer);
	ask(&child, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof(answer));
	cr_expect(strstr(answer, "HTTP/1.1 200 ") && !strstr(answer, "process_"), "%s", answer);
	ask(&child, "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", answer, sizeof(answer));
	cr_expect(strstr(answer, "HTTP/1.1 405 "), "%s", answer);
	ask(&child, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof(answer));
	cr_expect(strstr(answer, "HTTP/1.1 404 "), "%s", answer);
	ask(&child, "no such thing\r\n\r\n", answer, sizeof(answer));
	cr_expect(strstr(answer, "HTTP/1.1 400 "), "%s", answer);
	kill(child.pid, SIGTERM);
	cr_expect_eq(ended(&child), 0);
}

Test(service, a_silent_client_does_not_hold_the_admin_port_up)
{
	struct child child = start(serve);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static char answer[4096];

	expect_log(&child, "\"msg\":\"ready\"");
	address.sin_port =
		htons((uint16_t)strtol(strstr(child.text, "127.0.0.1:") + strlen("127.0.0.1:"), NULL, 10));
	cr_assert_eq(connect(silent, (struct sockaddr *)&address, sizeof(address)), 0);
	ask(&child, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof(answer));
	cr_expect(strstr(answer, "HTTP/1.1 200 "), "%s", answer);
	close(silent);
	kill(child.pid, SIGTERM);
	cr_expect_eq(ended(&child), 0);
}
