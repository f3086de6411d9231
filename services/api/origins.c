#include "origins.h"

#include <string.h>

#include "str.h"

bool origins_have(const char *list, const char *origin)
{
	size_t len = strlen(origin);

	while (list && *list) {
		size_t word = strcspn(list, ",");

		if (word == len && strncmp(list, origin, len) == 0)
			return true;
		list += word + strspn(list + word, ", ");
	}
	return false;
}

static bool is_origin(const char *word, size_t len)
{
	static const char host_bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789-._[]:";
	size_t scheme = strncmp(word, "https://", 8) == 0 ? 8 : strncmp(word, "http://", 7) == 0 ? 7 : 0;

	return scheme && len > scheme && strspn(word + scheme, host_bytes) >= len - scheme
	       && word[scheme] != ':' && word[len - 1] != ':';
}

enum err_kind origins_check(const char *list, struct err *err)
{
	while (*list) {
		size_t word = strcspn(list, ",");

		if (!is_origin(list, word))
			return err_set(err, ERR_REJECT, "bad_origin",
				       "must be origins with commas between them, as browsers send them "
				       "(https://app.example.com): no *, no path, no slash at the end");
		list += word + strspn(list + word, ", ");
	}
	return ERR_OK;
}
