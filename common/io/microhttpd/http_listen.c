#include "http_listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "str.h"

#define BACKLOG 1024

static bool split(const char *listen_at, char *host, size_t host_cap, char *port, size_t port_cap)
{
	const char *colon = strrchr(listen_at, ':');
	size_t len;

	if (!colon || !str_copy(port, port_cap, colon + 1) || !port[0])
		return false;
	len = (size_t)(colon - listen_at);
	if (len >= 2 && listen_at[0] == '[' && listen_at[len - 1] == ']') {
		listen_at++;
		len -= 2;
	}
	if (len == 0 || len >= host_cap)
		return false;
	memcpy(host, listen_at, len);
	host[len] = '\0';
	return true;
}

static int bind_first(const struct addrinfo *found)
{
	int one = 1;
	int sock = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (sock < 0)
		return -1;
	setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(sock, found->ai_addr, found->ai_addrlen) || listen(sock, BACKLOG)) {
		int saved = errno;

		close(sock);
		errno = saved;
		return -1;
	}
	return sock;
}

static void name_address(int sock, char *ret_address, size_t cap)
{
	struct sockaddr_storage bound;
	socklen_t len = sizeof bound;
	char host[64] = "", port[16] = "";

	if (getsockname(sock, (struct sockaddr *)&bound, &len) == 0)
		getnameinfo((struct sockaddr *)&bound, len, host, sizeof host, port, sizeof port,
			    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(ret_address, cap, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

enum err_kind http_listen(const char *listen_at, int *ret_socket, char *ret_address, size_t address_cap,
			  struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	char host[128], port[16];
	int sock;

	if (!split(listen_at, host, sizeof host, port, sizeof port)
	    || getaddrinfo(host, port, &hints, &found))
		return err_set(err, ERR_FATAL, "http_listen", "cannot listen on \"%s\": no such address",
			       listen_at);
	sock = bind_first(found);
	freeaddrinfo(found);
	if (sock < 0)
		return err_set(err, ERR_FATAL, "http_listen", "cannot listen on %s: %s", listen_at,
			       strerror(errno));
	name_address(sock, ret_address, address_cap);
	*ret_socket = sock;
	return ERR_OK;
}
