/* actor.h: who gives the order, as the time line names them. */
#ifndef ACTOR_H
#define ACTOR_H

#include <stdbool.h>

#define ACTOR_NAME_BYTES_MAX 64
#define ACTOR_BYTES          (ACTOR_NAME_BYTES_MAX + sizeof("operator:"))

/* "operator:<name>". name: of --operator; NULL: $SUDO_USER, else $USER. False, and said on stderr in the name of command
 * ("unbookctl refunds"): nobody is named, or the name is too long or not printable. */
bool actor_read(const char *command, const char *name, char ret_actor[ACTOR_BYTES]);

#endif
