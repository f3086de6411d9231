#include "probe_server.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "monitor.h"

#define BACKLOG       16
#define REQUEST_BYTES ((size_t)8 * 1024)
#define ANSWER_BYTES  (1u << 20)
#define READ_MS       2000 /* for the whole request: one slow client holds up the others no longer */
#define WRITE_MS      3000
#define RETRY_MS      100

struct probe_server {
	int listener, wake; /* wake: readable means stop */
	pthread_t thread;
	probe_handler *handler;
	void *context;
	char address[128];
};

/* "host:port" in two; the host without brackets, "" for every address. */
static bool split(const char *address, char host[96], char port[16])
{
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon - address) : 0;

	if (!colon || !str_copy(port, 16, colon + 1) || !port[0])
		return false;
	if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	}
	if (len >= 96)
		return false;
	memcpy(host, address, len);
	host[len] = '\0';
	return true;
}

static int listen_on(const struct addrinfo *at)
{
	int on = 1;
	int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, at->ai_addr, at->ai_addrlen) || listen(fd, BACKLOG)) {
		close(fd);
		return -1;
	}
	return fd;
}

static enum err_kind open_socket(const char *address, char *ret_name, size_t cap, int *ret_fd,
				 struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV},
			*found = NULL;
	struct sockaddr_storage bound;
	socklen_t bound_len = sizeof(bound);
	char host[96], port[16];
	int fd = -1;

	if (!split(address, host, port) || getaddrinfo(host[0] ? host : NULL, port, &hints, &found))
		return err_set(err, ERR_FATAL, "bad_address", "cannot listen on %s: no such address",
			       address);
	for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
		fd = listen_on(at);
	freeaddrinfo(found);
	if (fd < 0)
		return err_set(err, ERR_FATAL, "cannot_listen", "cannot listen on %s: %s", address,
			       strerrordesc_np(errno));
	if (!getsockname(fd, (struct sockaddr *)&bound, &bound_len)
	    && !getnameinfo((struct sockaddr *)&bound, bound_len, host, sizeof(host), port, sizeof(port),
			    NI_NUMERICHOST | NI_NUMERICSERV))
		snprintf(ret_name, cap, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
	*ret_fd = fd;
	return ERR_OK;
}

static bool wait_for(int fd, short events, int64_t deadline_ms)
{
	struct pollfd one = {.fd = fd, .events = events};

	return poll(&one, 1, (int)deadline_left_ms(deadline_ms)) == 1;
}

/* The request up to its empty line; false when it does not come in time or is too long. */
static bool read_request(int fd, char *request)
{
	int64_t deadline = deadline_in_ms(READ_MS);
	size_t len = 0;

	while (len < REQUEST_BYTES - 1 && wait_for(fd, POLLIN, deadline)) {
		ssize_t got = recv(fd, request + len, REQUEST_BYTES - 1 - len, 0);

		if (got <= 0)
			return false;
		len += (size_t)got;
		request[len] = '\0';
		if (strstr(request, "\r\n\r\n"))
			return true;
	}
	return false;
}

static void write_all(int fd, const char *bytes, size_t len)
{
	int64_t deadline = deadline_in_ms(WRITE_MS);

	while (len && wait_for(fd, POLLOUT, deadline)) {
		ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return;
		bytes += sent > 0 ? sent : 0;
		len -= sent > 0 ? (size_t)sent : 0;
	}
}

static const char *reason_of(int http_status)
{
	switch (http_status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 503:
		return "Service Unavailable";
	default:
		return "Internal Server Error";
	}
}

static void reply(int fd, const struct probe_answer *answer, bool head_only)
{
	char head[256];
	int len = snprintf(
		head, sizeof(head),
		"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n%s"
		"Connection: close\r\n\r\n",
		answer->http_status, reason_of(answer->http_status), answer->content_type, answer->body.len,
		answer->http_status == 405 ? "Allow: GET, HEAD\r\n" : "");

	write_all(fd, head, (size_t)len);
	if (!head_only)
		write_all(fd, answer->body.data, answer->body.len);
}

/* "GET /path?query HTTP/1.1": the path ends in place. NULL when it is no such line; *ret_status says why. */
static char *path_of(char *request, bool *ret_head_only, int *ret_status)
{
	char *path = strchr(request, ' ');
	char *end = path ? strpbrk(path + 1, " \r\n") : NULL;

	*ret_status = 400;
	if (!end || !str_starts(end, " HTTP/1.") || path[1] != '/')
		return NULL;
	*path++ = '\0';
	*end = '\0';
	path[strcspn(path, "?")] = '\0';
	*ret_head_only = str_eq(request, "HEAD");
	*ret_status = 405;
	return *ret_head_only || str_eq(request, "GET") ? path : NULL;
}

static void serve(struct probe_server *server, int fd)
{
	struct probe_answer answer = {.http_status = 200, .content_type = "text/plain; charset=utf-8"};
	char request[REQUEST_BYTES];
	bool head_only = false;
	char *path;

	if (!read_request(fd, request))
		return;
	buf_init(&answer.body, ANSWER_BYTES);
	path = path_of(request, &head_only, &answer.http_status);
	if (path) {
		answer.http_status = 200;
		server->handler(server->context, path, &answer);
	}
	reply(fd, &answer, head_only);
	buf_release(&answer.body);
}

static void *run(void *context)
{
	struct probe_server *server = context;
	struct pollfd both[] = {{.fd = server->listener, .events = POLLIN},
				{.fd = server->wake, .events = POLLIN}};

	for (;;) {
		int fd;

		if (poll(both, 2, -1) < 0 && errno != EINTR)
			break;
		if (both[1].revents)
			break;
		if (!both[0].revents)
			continue;
		fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0) { /* perhaps out of descriptors: no busy loop */
			wait_for(server->wake, POLLIN, deadline_in_ms(RETRY_MS));
			continue;
		}
		serve(server, fd);
		close(fd);
	}
	return NULL;
}

static void free_server(struct probe_server *server)
{
	if (server->listener >= 0)
		close(server->listener);
	if (server->wake >= 0)
		close(server->wake);
	free(server);
}

enum err_kind probe_server_open(const char *address, probe_handler *handler, void *context,
				struct probe_server **ret_server, struct err *err)
{
	struct probe_server *server = calloc(1, sizeof(*server));

	if (!server)
		return err_set(err, ERR_FATAL, "no_memory", "out of memory");
	server->handler = handler;
	server->context = context;
	server->listener = -1;
	server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (open_socket(address, server->address, sizeof(server->address), &server->listener, err)) {
		free_server(server);
		return ERR_FATAL;
	}
	if (server->wake < 0 || !thread_start(&server->thread, "admin", run, server)) {
		free_server(server);
		return err_set(err, ERR_FATAL, "no_thread", "cannot serve %s", address);
	}
	*ret_server = server;
	return ERR_OK;
}

const char *probe_server_address(const struct probe_server *server)
{
	return server->address;
}

void probe_server_close(struct probe_server *server)
{
	if (!server)
		return;
	eventfd_write(server->wake, 1);
	pthread_join(server->thread, NULL);
	free_server(server);
}
