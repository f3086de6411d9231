#include "actor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

bool actor_read(const char *command, const char *name, char ret_actor[ACTOR_BYTES])
{
	if (!name) {
		name = getenv("SUDO_USER");
		if (!name || !name[0])
			name = getenv("USER");
		if (!name || !name[0]) {
			fprintf(stderr, "%s: say who you are: --operator <name>\n", command);
			return false;
		}
	}
	if (str_is_blank(name) || strlen(name) > ACTOR_NAME_BYTES_MAX || !str_is_printable(name)) {
		fprintf(stderr, "%s: --operator must be 1 to %d printable ASCII characters, not blank\n",
			command, ACTOR_NAME_BYTES_MAX);
		return false;
	}
	snprintf(ret_actor, ACTOR_BYTES, "operator:%s", name);
	return true;
}
