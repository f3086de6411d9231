/* crash_point.c: the process kills itself where a test asks for it */
#include "crash_point.h"

#ifdef UNBOOK_CRASH_POINTS

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

void crash_point(const char *name)
{
	static atomic_long passings;
	const char *wanted = getenv("UNBOOK_CRASH_POINT");
	size_t len = strlen(name);
	int64_t nth = 1;

	if (!wanted || strncmp(wanted, name, len) != 0)
		return;
	if (wanted[len] != '\0' && (wanted[len] != ':' || !str_to_int64(wanted + len + 1, &nth)))
		return;
	if (atomic_fetch_add(&passings, 1) + 1 == nth)
		raise(SIGKILL);
}

#endif
