#include "patience.h"

#include <time.h>

#define FIRST_WAIT_MS 250

static void wait_ms(long ms)
{
	const struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&wait, NULL);
}

bool patience_again(struct patience *patience, enum err_kind kind)
{
	if ((kind != ERR_RETRY && kind != ERR_UNSURE) || ++patience->tries >= PATIENCE_TRIES_MAX)
		return false;
	wait_ms(FIRST_WAIT_MS << (patience->tries - 1));
	return true;
}
