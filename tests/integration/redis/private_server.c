#include "private_server.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

static struct sockaddr_in address_of(int port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_addr = {htonl(INADDR_LOOPBACK)},
				    .sin_port = htons((uint16_t)port)};
}

void private_server_init(struct private_server *server)
{
	struct sockaddr_in address = address_of(0);
	socklen_t len = sizeof(address);
	int probe = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(bind(probe, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(getsockname(probe, (struct sockaddr *)&address, &len), 0);
	close(probe);
	*server = (struct private_server){.port = ntohs(address.sin_port)};
	snprintf(server->url, sizeof(server->url), "redis://127.0.0.1:%d", server->port);
}

static bool answers(int port)
{
	struct sockaddr_in address = address_of(port);
	int line = socket(AF_INET, SOCK_STREAM, 0);
	bool good = connect(line, (struct sockaddr *)&address, sizeof(address)) == 0;

	close(line);
	return good;
}

void private_server_start(struct private_server *server)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	int64_t deadline_ms = deadline_in_ms(10000);
	char port[8];

	snprintf(port, sizeof(port), "%d", server->port);
	server->pid = fork();
	if (!server->pid) {
		int nowhere = open("/dev/null", O_WRONLY);

		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing behind */
		dup2(nowhere, STDOUT_FILENO);
		execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
		       "--dir", "/tmp", NULL);
		_exit(127);
	}
	while (!answers(server->port)) {
		cr_assert_gt(deadline_left_ms(deadline_ms), 0);
		nanosleep(&pause, NULL);
	}
}

void private_server_stop(struct private_server *server)
{
	if (!server->pid)
		return;
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	server->pid = 0;
}
