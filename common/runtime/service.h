/* service.h: the life of a process: start, signals, health, stop. There is one per process, so there is no handle.
 *
 * SIGTERM or SIGINT: /readyz says 503, service_wait() returns, run() closes what it opened in reverse order against
 * service_deadline_ms(), exit 0. A second signal exits at once. A close that hangs past the deadline cannot keep the process. */
#ifndef SERVICE_H
#define SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "settings.h"

#define SERVICE_STOP_MS 25000
#define SERVICE_FAILED  70 /* EX_SOFTWARE: a broken rule or a lost resource */

struct service_options {
	const char *name; /* "refund-worker": in every log line */
	const char *version;
	const struct common_settings *settings;
	/* The table that settings were read by: UNBOOK_* variables that it does not know are named in the log. */
	const struct conf_row *rows;
	size_t row_count;
	/* Opens everything, calls service_wait(), and closes everything by scope cleanup. context: the service's settings. */
	enum err_kind (*run)(void *context, struct err *err);
	void *context;
};

/* Call from main with no other thread running. Returns the exit code: 0, or SERVICE_FAILED with the reason logged. */
int service_main(const struct service_options *options);

/* From run(): ready from now on. Blocks until the process has to stop. */
void service_wait(void);

/* From any thread: stop now as if asked by a signal, with this exit code. */
void service_stop(int exit_code);
bool service_is_stopping(void);

/* When everything must be closed; only meaningful once service_is_stopping(). */
int64_t service_deadline_ms(void);

/* A part could not be closed in time and still runs: end the process here, with the exit code of the stop, because nothing that it uses
 * may be closed. Rows keep their state, leases end by themselves. */
void service_abandon(const char *why) __attribute__((noreturn));

/* A part whose health is asked for by /livez and /readyz. Both functions are called from the admin thread; missing writes "" when nothing
 * is. Remove it before the part is closed. */
struct service_check {
	const char *name;
	void *context;
	bool (*is_alive)(void *context);                            /* NULL: always */
	void (*missing)(void *context, char *ret_text, size_t cap); /* NULL: nothing */
};
void service_check_add(const struct service_check *check);
void service_check_remove(void *context);

/* For the admin server: true when all are well; else ret_text names what is not. */
bool service_is_alive(char *ret_text, size_t cap);
bool service_is_ready(char *ret_text, size_t cap);

#endif
