#include <stdlib.h>
#include <string.h>

#include "str.h"
#include "webhook.h"

#define SECRET_BYTES_MIN 16 /* "whsec_" with something behind it that nobody guesses */

static bool is_secret(const char *text)
{
	return str_starts(text, "whsec_") && strlen(text) >= SECRET_BYTES_MIN && str_is_printable(text);
}

enum err_kind webhook_secrets_init(struct webhook_secrets *secrets, const char *text, struct err *err)
{
	size_t count = 0;

	*secrets = (struct webhook_secrets){.text = strdup(text), .len = strlen(text)};
	if (!secrets->text)
		return err_set(err, ERR_FATAL, "bad_secret", "out of memory");
	for (char *next = secrets->text; next; count++) {
		char *word = next;

		next = strchr(word, ',');
		if (next)
			*next++ = '\0';
		if (count == WEBHOOK_SECRETS_MAX)
			return err_set(err, ERR_FATAL, "bad_secret", "at most %d secrets",
				       WEBHOOK_SECRETS_MAX);
		if (!is_secret(word))
			return err_set(
				err, ERR_FATAL, "bad_secret",
				"each secret is whsec_... of at least %d characters, commas between them",
				SECRET_BYTES_MIN);
		secrets->list[count] = word;
	}
	return ERR_OK;
}

void webhook_secrets_release(struct webhook_secrets *secrets)
{
	if (secrets->text)
		explicit_bzero(secrets->text, secrets->len);
	free(secrets->text);
	*secrets = (struct webhook_secrets){0};
}
