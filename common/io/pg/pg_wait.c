/* pg_wait.c: every wait for the server, each with a deadline */
#include <poll.h>

#include "pg_private.h"

static int wait_for(int fd, short events, int64_t deadline_ms)
{
	struct pollfd line = {.fd = fd, .events = events};
	int ready;

	do {
		int64_t left_ms = deadline_left_ms(deadline_ms);

		ready = poll(&line, 1, left_ms > 60000 ? 60000 : (int)left_ms);
	} while (ready <= 0 && deadline_left_ms(deadline_ms) > 0);
	return ready;
}

bool pg_wait(const struct pg *pg, bool want_write, int64_t deadline_ms)
{
	return wait_for(PQsocket(pg->conn), (short)(want_write ? POLLIN | POLLOUT : POLLIN), deadline_ms) > 0;
}

bool pg_wait_answer(struct pg *pg, int64_t deadline_ms)
{
	for (;;) {
		int unsent = PQflush(pg->conn);

		/* A failed flush still leaves what the server said last to be read. */
		if (!PQisBusy(pg->conn))
			return true;
		if (PQstatus(pg->conn) == CONNECTION_BAD || !pg_wait(pg, unsent > 0, deadline_ms))
			break;
		if (!PQconsumeInput(pg->conn) && PQisBusy(pg->conn))
			break;
	}
	pg->broken = true;
	return false;
}

bool pg_line_is_alive(struct pg *pg)
{
	struct pollfd line = {.fd = PQsocket(pg->conn), .events = POLLIN};

	while (!pg->broken && poll(&line, 1, 0) > 0) {
		if (!PQconsumeInput(pg->conn) || PQstatus(pg->conn) == CONNECTION_BAD)
			pg->broken = true;
		else
			(void)PQisBusy(pg->conn); /* parses: a farewell reaches the notice receiver */
	}
	return !pg->broken;
}
