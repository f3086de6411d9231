#include "peer.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 20000

static bool readable(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	return poll(&wait, 1, PATIENCE_MS) == 1;
}

/* False: the talk is over. */
static bool answer(int fd, const char *wanted, const char *usual)
{
	const char *reply = wanted ? wanted : usual;
	char line[300];

	if (!strcmp(reply, "cut"))
		return false;
	if (!reply[0]) {
		char drop[256];

		while (readable(fd) && read(fd, drop, sizeof(drop)) > 0)
			;
		return false;
	}
	int len = snprintf(line, sizeof(line), "%s\r\n", reply);
	return send(fd, line, (size_t)len, MSG_NOSIGNAL) == len;
}

/* One line without its end; false when the client has gone. */
static bool hear(int fd, char *ret_line, size_t cap)
{
	for (size_t len = 0; len + 1 < cap && readable(fd) && read(fd, ret_line + len, 1) == 1; len++) {
		if (ret_line[len] == '\n') {
			ret_line[len] = '\0';
			if (len > 0 && ret_line[len - 1] == '\r')
				ret_line[len - 1] = '\0';
			return true;
		}
	}
	return false;
}

static bool take_message(struct peer *peer, int fd)
{
	char line[1200];
	int bytes = 0;

	while (hear(fd, line, sizeof(line))) {
		if (!strcmp(line, "."))
			return answer(fd, peer->script.dot, "250 taken");
		bytes += (int)strlen(line);
		if (peer->script.cut_after_bytes && bytes >= peer->script.cut_after_bytes)
			return false;
	}
	return false;
}

static bool obey(struct peer *peer, int fd, const char *line)
{
	const struct peer_script *script = &peer->script;

	if (!strncmp(line, "EHLO", 4))
		return answer(fd, script->ehlo, "250 peer");
	if (!strncmp(line, "MAIL", 4))
		return answer(fd, script->mail, "250 ok");
	if (!strncmp(line, "RCPT", 4))
		return answer(fd, script->rcpt, "250 ok");
	if (!strncmp(line, "DATA", 4))
		return answer(fd, script->data, "354 go ahead")
		       && (script->data ? true : take_message(peer, fd));
	if (!strncmp(line, "QUIT", 4))
		return answer(fd, script->quit, "221 bye") && false;
	return answer(fd, NULL, "500 what?");
}

static void *serve(void *context)
{
	struct peer *peer = context;
	char line[1200];
	int fd = readable(peer->listener) ? accept(peer->listener, NULL, NULL) : -1;

	if (fd < 0)
		return NULL;
	bool goes_on = answer(fd, peer->script.banner, "220 peer");
	while (goes_on && hear(fd, line, sizeof(line))) {
		size_t used = strlen(peer->heard);

		snprintf(peer->heard + used, sizeof(peer->heard) - used, "%s|", line);
		goes_on = obey(peer, fd, line);
	}
	close(fd);
	return NULL;
}

void peer_start(struct peer *peer, const struct peer_script *script)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);

	*peer = (struct peer){.script = *script, .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	cr_assert_eq(bind(peer->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	cr_assert_eq(listen(peer->listener, 4), 0);
	cr_assert_eq(getsockname(peer->listener, (struct sockaddr *)&at, &len), 0);
	snprintf(peer->url, sizeof(peer->url), "smtp://127.0.0.1:%d", ntohs(at.sin_port));
	cr_assert_eq(pthread_create(&peer->thread, NULL, serve, peer), 0);
}

void peer_stop(struct peer *peer)
{
	pthread_join(peer->thread, NULL);
	close(peer->listener);
}
