/* conf.c: from environment variables to a settings struct, all mistakes at once */
#include "conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "address.h"
#include "str.h"

#define SECRET_BYTES_MAX ((size_t)65536)
#define NAME_BYTES       128
#define STRANGERS_SHOWN  16

/* One loading: where values come from, where mistakes go. */
struct conf_loader {
	char *const *environment;
	FILE *errors;
	int mistakes;
};

static void mistake(struct conf_loader *loader, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void mistake(struct conf_loader *loader, const char *name, const char *fmt, ...)
{
	va_list args;

	fprintf(loader->errors, "%s ", name);
	va_start(args, fmt);
	vfprintf(loader->errors, fmt, args);
	va_end(args);
	fputc('\n', loader->errors);
	loader->mistakes++;
}

/* NULL when the variable is missing or empty. */
static const char *environment_get(const struct conf_loader *loader, const char *name)
{
	size_t len = strlen(name);

	for (char *const *at = loader->environment; at && *at; at++)
		if (strncmp(*at, name, len) == 0 && (*at)[len] == '=')
			return (*at)[len + 1] ? *at + len + 1 : NULL;
	return NULL;
}

static bool environment_has(const struct conf_loader *loader, const char *name)
{
	size_t len = strlen(name);

	for (char *const *at = loader->environment; at && *at; at++)
		if (strncmp(*at, name, len) == 0 && (*at)[len] == '=')
			return true;
	return false;
}

static bool is_word_of(const char *word, size_t len, const char *choices)
{
	while (*choices) {
		size_t choice_len = strcspn(choices, " ");

		if (choice_len == len && strncmp(choices, word, len) == 0)
			return true;
		choices += choice_len + (choices[choice_len] == ' ');
	}
	return false;
}

static bool is_port(const char *text, size_t len)
{
	char digits[6];
	int64_t port;

	if (len == 0 || len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	return str_to_int64(digits, &port) && port >= 0 && port <= 65535;
}

/* name, IPv4 or [IPv6], then ":port", which only a URL may leave out. */
static bool is_host_port(const char *text, size_t len, bool port_optional)
{
	bool bracketed = len > 0 && text[0] == '[';
	size_t host = 0;

	if (bracketed) {
		while (host < len && text[host] != ']')
			host++;
		if (host < 2 || host == len)
			return false;
		host++;
	} else {
		while (host < len && text[host] != ':' && !strchr(" ,/@[]?#", text[host]))
			host++;
		if (host == 0)
			return false;
	}
	if (host == len)
		return port_optional;
	return text[host] == ':' && is_port(text + host + 1, len - host - 1);
}

static bool is_address_list(const char *text, const char *choices)
{
	for (;;) {
		size_t len = str_eq(choices, "list") ? strcspn(text, ",") : strlen(text);

		if (!is_host_port(text, len, false))
			return false;
		if (text[len] == '\0')
			return true;
		text += len + 1;
	}
}

static bool is_url(const char *text, const char *choices)
{
	const char *mark = strstr(text, "://");
	const char *authority, *at;
	size_t len;

	if (!mark || mark == text || strchr(text, ' '))
		return false;
	if (choices && !is_word_of(text, (size_t)(mark - text), choices))
		return false;
	authority = mark + 3;
	/* libpq's own form: several hosts, or none for the local socket */
	if (str_starts(text, "postgres"))
		return *authority != '\0';
	len = strcspn(authority, "/?#");
	at = memrchr(authority, '@', len);
	if (at) {
		len -= (size_t)(at + 1 - authority);
		authority = at + 1;
	}
	return is_host_port(authority, len, true);
}

static bool is_readable(const char *path, bool directory)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) == directory
	       && access(path, directory ? R_OK | X_OK : R_OK) == 0;
}

static bool has_control_byte(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

static bool value_is_valid(const struct conf_row *row, const char *value)
{
	int64_t number;

	switch (row->type) {
	case CONF_TEXT:
		return true;
	case CONF_INT:
		return str_to_int64(value, &number) && number >= row->min && number <= row->max;
	case CONF_FILE:
		return is_readable(value, false);
	case CONF_DIR:
		return is_readable(value, true);
	case CONF_URL:
		return is_url(value, row->choices);
	case CONF_ADDRESS:
		return is_address_list(value, row->choices);
	case CONF_RANGES:
		return address_ranges_decode(value, &(struct address_ranges){.count = 0});
	case CONF_CHOICE:
		return is_word_of(value, strlen(value), row->choices);
	}
	return false;
}

static void mistake_in_value(struct conf_loader *loader, const struct conf_row *row, const char *value)
{
	bool shown = !row->secret;
	const char *is = shown ? ", not \"" : "", *end = shown ? "\"" : "";
	const char *said = shown ? value : "";

	switch (row->type) {
	case CONF_TEXT:
		break;
	case CONF_INT:
		mistake(loader, row->name, "must be a whole number from %lld to %lld%s%s%s",
			(long long)row->min, (long long)row->max, is, said, end);
		break;
	case CONF_FILE:
		mistake(loader, row->name, "must name a readable file%s%s%s", is, said, end);
		break;
	case CONF_DIR:
		mistake(loader, row->name, "must name a readable directory%s%s%s", is, said, end);
		break;
	case CONF_URL: /* never shown: it may hold a password even where nobody thought of it */
		mistake(loader, row->name, "must be a URL with a host (scheme: %s)",
			row->choices ? row->choices : "any");
		break;
	case CONF_ADDRESS:
		mistake(loader, row->name, "must be host:port%s%s%s%s",
			str_eq(row->choices, "list") ? ", or several with commas between" : "", is, said,
			end);
		break;
	case CONF_RANGES:
		mistake(loader, row->name,
			"must be addresses or ranges like 10.0.0.0/8 with commas between%s%s%s", is, said,
			end);
		break;
	case CONF_CHOICE:
		mistake(loader, row->name, "must be one of: %s%s%s%s", row->choices, is, said, end);
		break;
	}
}

static void value_store(struct conf_loader *loader, const struct conf_row *row, void *settings,
			const char *value)
{
	char *member = (char *)settings + row->offset;
	struct err err = {0};
	char *copy;

	if (has_control_byte(value) || !str_is_utf8(value, strlen(value))) {
		mistake(loader, row->name, "must be one line of UTF-8 without control bytes");
		return;
	}
	if (!value_is_valid(row, value)) {
		mistake_in_value(loader, row, value);
		return;
	}
	if (row->check && row->check(value, &err)) {
		mistake(loader, row->name, "%s", err.msg);
		return;
	}
	if (row->type == CONF_INT && str_to_int64(value, (int64_t *)(void *)member))
		return;
	copy = strdup(value);
	if (!copy)
		mistake(loader, row->name, "cannot be stored: out of memory");
	else
		*(char **)(void *)member = copy;
}

/* Reads the whole file; the length, or -1 with errno set (EFBIG: more than cap bytes). */
static ssize_t file_read(const char *path, char *bytes, size_t cap)
{
	size_t len = 0;
	ssize_t got = 1;
	int saved_errno, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	while (got > 0 && len < cap) {
		got = read(fd, bytes + len, cap - len);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			len += (size_t)got;
	}
	if (got > 0)
		errno = EFBIG;
	saved_errno = errno;
	close(fd);
	errno = saved_errno;
	return got == 0 ? (ssize_t)len : -1;
}

static void secret_load(struct conf_loader *loader, const struct conf_row *row, void *settings,
			const char *path)
{
	char *bytes = malloc(SECRET_BYTES_MAX + 1);
	ssize_t len;

	if (!bytes) {
		mistake(loader, row->name, "cannot be read: out of memory");
		return;
	}
	len = file_read(path, bytes, SECRET_BYTES_MAX);
	if (len < 0) {
		mistake(loader, row->name, "cannot be read from \"%s\" (%s_FILE): %s", path, row->name,
			strerrordesc_np(errno));
	} else {
		if (len > 0 && bytes[len - 1] == '\n')
			len--;
		bytes[len] = '\0';
		if (len == 0)
			mistake(loader, row->name, "is empty in \"%s\" (%s_FILE)", path, row->name);
		else if (memchr(bytes, '\0', (size_t)len))
			mistake(loader, row->name, "holds a NUL byte in \"%s\" (%s_FILE)", path, row->name);
		else
			value_store(loader, row, settings, bytes);
	}
	explicit_bzero(bytes, SECRET_BYTES_MAX + 1);
	free(bytes);
}

static void row_load(struct conf_loader *loader, const struct conf_row *row, void *settings)
{
	const char *value = environment_get(loader, row->name);
	const char *path = NULL;
	char file_name[NAME_BYTES];

	if (row->secret) {
		snprintf(file_name, sizeof(file_name), "%s_FILE", row->name);
		path = environment_get(loader, file_name);
	}
	if (row->either && (value || path) && environment_get(loader, row->either))
		mistake(loader, row->name, "and %s are both set: keep one", row->either);
	else if (row->either && !value && !path && !environment_get(loader, row->either))
		mistake(loader, row->name, "or %s is missing: %s", row->either, row->help);
	else if (value && path)
		mistake(loader, row->name, "and %s are both set: keep one", file_name);
	else if (path)
		secret_load(loader, row, settings, path);
	else if (value)
		value_store(loader, row, settings, value);
	else if (!row->fallback)
		mistake(loader, row->name, "%s: %s",
			environment_has(loader, row->name) ? "is empty" : "is missing", row->help);
	else if (row->fallback[0])
		value_store(loader, row, settings, row->fallback);
}

int conf_load(const struct conf_row *rows, size_t count, void *settings, char *const *environment,
	      FILE *errors)
{
	struct conf_loader loader = {.environment = environment, .errors = errors};

	for (size_t i = 0; i < count; i++)
		row_load(&loader, &rows[i], settings);
	return loader.mistakes;
}

/* name is not NUL-terminated. */
static bool row_reads(const struct conf_row *row, const char *name, size_t len)
{
	size_t own = strlen(row->name);

	if (len < own || strncmp(name, row->name, own) != 0)
		return false;
	return len == own || (row->secret && len == own + 5 && strncmp(name + own, "_FILE", 5) == 0);
}

int conf_strangers(const struct conf_row *rows, size_t count, char *const *environment, struct buf *out)
{
	int strangers = 0;

	for (char *const *at = environment; at && *at; at++) {
		size_t len = strcspn(*at, "="), row = 0;

		if (!str_starts(*at, "UNBOOK_"))
			continue;
		while (row < count && !row_reads(&rows[row], *at, len))
			row++;
		if (row < count)
			continue;
		strangers++;
		if (strangers <= STRANGERS_SHOWN)
			buf_addf(out, "%s%.*s", strangers > 1 ? ", " : "", (int)len, *at);
		else if (strangers == STRANGERS_SHOWN + 1)
			buf_add(out, ", ...");
	}
	return strangers;
}

void conf_release(const struct conf_row *rows, size_t count, void *settings)
{
	for (size_t i = 0; i < count; i++) {
		char **member = (char **)(void *)((char *)settings + rows[i].offset);

		if (rows[i].type == CONF_INT || !*member)
			continue;
		if (rows[i].secret)
			explicit_bzero(*member, strlen(*member));
		free(*member);
		*member = NULL;
	}
}
