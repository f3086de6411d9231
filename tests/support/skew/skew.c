/* skew.c: a time of day that is wrong by UNBOOK_SKEW_S seconds, for one process: LD_PRELOAD=unbook-skew.so.
 *
 * Only what a program reads as the time of day is wrong. Waits and time-outs stay as long as they are: libfaketime also shifts timespec_get()
 * but not cnd_timedwait(), so under it librdkafka waits for as long as the clock is ahead. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Under the C library's names, which they take the place of. */
int skew_clock_gettime(clockid_t clock, struct timespec *ret_time) __asm__("clock_gettime");
time_t skew_time(time_t *ret_time) __asm__("time");

static long skew_s;

__attribute__((constructor)) static void skew_init(void)
{
	const char *text = getenv("UNBOOK_SKEW_S");

	skew_s = text ? strtol(text, NULL, 10) : 0;
}

int skew_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, ret_time);

	if (rc == 0 && clock == CLOCK_REALTIME)
		ret_time->tv_sec += skew_s;
	return rc;
}

time_t skew_time(time_t *ret_time)
{
	struct timespec now = {0};

	skew_clock_gettime(CLOCK_REALTIME, &now);
	if (ret_time)
		*ret_time = now.tv_sec;
	return now.tv_sec;
}
