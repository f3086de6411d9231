#include "tap.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "database.h"

struct tap {
	int listener;
	int port;
	int wake[2]; /* closed to end the thread */
	char url[600];
	char host[64];
	int upstream_port;
	atomic_int mood;
	pthread_t thread;
};

int black_hole_open(int *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(listener, 8), 0);
	cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &len), 0);
	*ret_port = ntohs(address.sin_port);
	return listener;
}

static int dial(const struct tap *tap)
{
	struct sockaddr_in remote = {.sin_family = AF_INET, .sin_port = htons((uint16_t)tap->upstream_port)};
	int line = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (inet_pton(AF_INET, tap->host, &remote.sin_addr) == 1
	    && connect(line, (struct sockaddr *)&remote, sizeof(remote)) == 0)
		return line;
	close(line);
	return -1;
}

static bool wait_readable(int fd)
{
	struct pollfd one = {.fd = fd, .events = POLLIN};

	return poll(&one, 1, 5000) > 0;
}

/* Move what can be read. False: one side hung up, or this one does. */
static bool carry(struct tap *tap, int from, int to, bool is_client)
{
	char bytes[65536];
	ssize_t got = read(from, bytes, sizeof(bytes));
	bool has_commit;

	if (got <= 0)
		return false;
	has_commit = is_client && memmem(bytes, (size_t)got, "pg_commit", strlen("pg_commit"));
	if (atomic_load(&tap->mood) == TAP_STALLS)
		return true;
	if (has_commit && atomic_load(&tap->mood) == TAP_CUTS_BEFORE_COMMIT)
		return false;
	if (write(to, bytes, (size_t)got) != got)
		return false;
	if (has_commit && atomic_load(&tap->mood) == TAP_CUTS_AFTER_COMMIT) {
		wait_readable(to); /* the server answers only once it has committed */
		return false;
	}
	return true;
}

/* False: the test is over. */
static bool serve(struct tap *tap, int client, int server)
{
	struct pollfd sides[] = {{.fd = tap->wake[0], .events = POLLIN},
				 {.fd = client, .events = POLLIN},
				 {.fd = server, .events = POLLIN}};
	bool going = true;

	while (going && poll(sides, 3, -1) > 0 && !sides[0].revents) {
		if (sides[1].revents)
			going = carry(tap, client, server, true);
		if (going && sides[2].revents)
			going = carry(tap, server, client, false);
	}
	return !sides[0].revents;
}

static void *run(void *arg)
{
	struct tap *tap = arg;
	struct pollfd ears[] = {{.fd = tap->wake[0], .events = POLLIN},
				{.fd = tap->listener, .events = POLLIN}};
	bool going = true;

	while (going && poll(ears, 2, -1) > 0 && !ears[0].revents) {
		int client = accept(tap->listener, NULL, NULL);
		int server = dial(tap);

		if (client >= 0 && server >= 0)
			going = serve(tap, client, server);
		close(client);
		close(server);
	}
	return NULL;
}

/* postgresql://user:password@host:port/database, the host as numbers: the tap takes the place of host and port. */
static void read_upstream(struct tap *tap)
{
	const char *at = strrchr(database_url, '@');
	const char *host = at ? at + 1 : strstr(database_url, "//") + 2;
	size_t host_len = strcspn(host, ":/");
	const char *rest = host + strcspn(host, "/");

	snprintf(tap->host, sizeof(tap->host), "%.*s", (int)host_len, host);
	tap->upstream_port = host[host_len] == ':' ? (int)strtol(host + host_len + 1, NULL, 10) : 5432;
	snprintf(tap->url, sizeof(tap->url), "%.*s127.0.0.1:%d%s", (int)(host - database_url), database_url,
		 tap->port, rest);
}

struct tap *tap_open(void)
{
	struct tap *tap = calloc(1, sizeof(*tap));

	cr_assert_not_null(tap);
	tap->listener = black_hole_open(&tap->port);
	cr_assert_eq(pipe(tap->wake), 0);
	read_upstream(tap);
	cr_assert_eq(pthread_create(&tap->thread, NULL, run, tap), 0);
	return tap;
}

void tap_set(struct tap *tap, enum tap_mood mood)
{
	atomic_store(&tap->mood, (int)mood);
}

const char *tap_url(const struct tap *tap)
{
	return tap->url;
}

void tap_close(struct tap *tap)
{
	close(tap->wake[1]);
	pthread_join(tap->thread, NULL);
	close(tap->wake[0]);
	close(tap->listener);
	free(tap);
}
