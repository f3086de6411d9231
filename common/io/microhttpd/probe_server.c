#include "probe_server.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 16
#define MEMORY_BYTES    ((size_t)16 * 1024)
#define STACK_BYTES     ((size_t)256 * 1024)
#define ANSWER_BYTES    (1u << 20)
#define IDLE_S          10u

struct probe_server {
	struct MHD_Daemon *daemon;
	probe_handler *handler;
	void *context;
	char address[128];
};

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path,
			      const char *method, const char *version, const char *upload, size_t *upload_len,
			      void **state)
{
	struct probe_server *server = context;
	struct probe_answer reply = {.http_status = MHD_HTTP_OK, .content_type = "text/plain; charset=utf-8"};
	struct MHD_Response *response;
	enum MHD_Result result;

	(void)version, (void)upload, (void)upload_len, (void)state;
	buf_init(&reply.body, ANSWER_BYTES);
	if (str_eq(method, MHD_HTTP_METHOD_GET) || str_eq(method, MHD_HTTP_METHOD_HEAD))
		server->handler(server->context, path, &reply);
	else
		reply.http_status = MHD_HTTP_METHOD_NOT_ALLOWED;
	response = MHD_create_response_from_buffer(
		reply.body.len, reply.body.len ? reply.body.data : (void *)"", MHD_RESPMEM_MUST_COPY);
	buf_release(&reply.body);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply.content_type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (reply.http_status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, (unsigned int)reply.http_status, response);
	MHD_destroy_response(response);
	return result;
}

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
	if (bind(fd, at->ai_addr, at->ai_addrlen) || listen(fd, CONNECTIONS_MAX)) {
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

enum err_kind probe_server_open(const char *address, probe_handler *handler, void *context,
				struct probe_server **ret_server, struct err *err)
{
	struct probe_server *server = calloc(1, sizeof(*server));
	int fd = -1;

	if (!server)
		return err_set(err, ERR_FATAL, "no_memory", "out of memory");
	server->handler = handler;
	server->context = context;
	if (open_socket(address, server->address, sizeof(server->address), &fd, err)) {
		free(server);
		return ERR_FATAL;
	}
	server->daemon = MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL, 0, NULL, NULL, answer, server,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_BYTES,
		MHD_OPTION_THREAD_STACK_SIZE, STACK_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (!server->daemon) {
		close(fd);
		free(server);
		return err_set(err, ERR_FATAL, "cannot_listen", "cannot start the server on %s", address);
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
	MHD_stop_daemon(server->daemon);
	free(server);
}
