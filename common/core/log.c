/* log.c: a line is built in a fixed buffer, always ends as whole JSON, and is written at once */
#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "rfc3339.h"
#include "str.h"

#define LINE_BYTES_MAX 8192
#define TAIL_BYTES     3 /* the quote, brace and newline that always still fit */

static const char *log_service = "unbook";
static enum log_level log_level_min = LOG_INFO;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

struct line {
	char data[LINE_BYTES_MAX];
	size_t len;
	bool full;
};

void log_init(const char *service, enum log_level level)
{
	log_service = service;
	log_level_min = level;
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_DEBUG:
		return "debug";
	case LOG_INFO:
		return "info";
	case LOG_WARN:
		return "warn";
	case LOG_ERROR:
		return "error";
	}
	return "error";
}

/* Whole or not at all; after the first miss nothing more is added. */
static bool line_add(struct line *line, const char *bytes, size_t len)
{
	if (line->full || line->len + len + TAIL_BYTES > sizeof(line->data)) {
		line->full = true;
		return false;
	}
	memcpy(line->data + line->len, bytes, len);
	line->len += len;
	return true;
}

static void line_add_text(struct line *line, const char *name, const char *text)
{
	char head[128], piece[STR_JSON_PIECE_BYTES];
	int len = snprintf(head, sizeof(head), ",\"%s\":\"", name);

	if (len < 0 || (size_t)len >= sizeof(head) || !line_add(line, head, (size_t)len))
		return;
	while (*text) {
		size_t piece_len = str_json_piece(&text, piece);

		if (!line_add(line, piece, piece_len))
			break;
	}
	line->data[line->len++] = '"'; /* the tail's room */
}

static void line_add_number(struct line *line, const char *name, int64_t number)
{
	char field[128];
	int len = snprintf(field, sizeof(field), ",\"%s\":%lld", name, (long long)number);

	if (len > 0 && (size_t)len < sizeof(field))
		(void)line_add(line, field, (size_t)len);
}

static void line_start(struct line *line)
{
	struct civil_time t;
	int len;

	civil_from_instant(clock_system()->now(clock_system()), &t);
	len = snprintf(line->data, sizeof(line->data), "{\"ts\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"",
		       t.year, t.month, t.day, t.hour, t.minute, t.second, t.microsecond / 1000);
	line->len = (size_t)len;
	line->full = false;
}

/* One write in nearly every case; the lock keeps the rest of a long line together on a pipe. */
static void line_write(const struct line *line)
{
	size_t done = 0;

	pthread_mutex_lock(&log_lock);
	while (done < line->len) {
		ssize_t wrote = write(STDERR_FILENO, line->data + done, line->len - done);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			break;
		done += (size_t)wrote;
	}
	pthread_mutex_unlock(&log_lock);
}

void log_write(enum log_level level, const char *msg, const struct log_field *fields, size_t count)
{
	struct line line;
	int saved_errno = errno;

	if (level < log_level_min)
		return;
	line_start(&line);
	line_add_text(&line, "level", level_name(level));
	line_add_text(&line, "service", log_service);
	line_add_text(&line, "msg", msg);
	for (size_t i = 0; i < count && !line.full; i++) {
		if (fields[i].text)
			line_add_text(&line, fields[i].name, fields[i].text);
		else
			line_add_number(&line, fields[i].name, fields[i].number);
	}
	line.data[line.len++] = '}';
	line.data[line.len++] = '\n';
	line_write(&line);
	errno = saved_errno;
}
