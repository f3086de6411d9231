/* names.h: the words of a column or of a peer, for the enum whose values count up from 0. One table serves
 * both directions. */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define NAMES_COUNT(names) (sizeof(names) / sizeof((names)[0]))

/* NULL when value has no name. */
static inline const char *name_find(const char *const *names, size_t count, size_t value)
{
	return value < count ? names[value] : NULL;
}

static inline bool name_decode(const char *const *names, size_t count, const char *name, size_t *ret_value)
{
	for (size_t i = 0; name && i < count; i++) {
		if (names[i] && strcmp(names[i], name) == 0) {
			*ret_value = i;
			return true;
		}
	}
	return false;
}

#endif
