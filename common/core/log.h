/* log.h: one JSON line per fact on stderr. Called by runtime and services only; never with a secret, an address or a body.
 * Thread-safe: a line is one write(2). A failing write is ignored: logging never stops money work. */
#ifndef LOG_H
#define LOG_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
	const char *name;
	const char *text; /* NULL: number holds the value */
	int64_t number;
};

/* value is borrowed until the line is written; NULL counts as "". */
static inline struct log_field log_text(const char *name, const char *value)
{
	return (struct log_field){.name = name, .text = value ? value : ""};
}

#define LOG_S(key, value) log_text((key), (value))
#define LOG_I(key, value) ((struct log_field){.name = (key), .number = (int64_t)(value)})

/* service is borrowed for the life of the process. */
void log_init(const char *service, enum log_level level);

/* msg is a short stable phrase; what varies goes into fields. Lines longer than 8 KiB are cut inside the last field. */
void log_write(enum log_level level, const char *msg, const struct log_field *fields, size_t count);

#define LOG(level, msg, ...)                                               \
	log_write((level), (msg), (const struct log_field[]){__VA_ARGS__}, \
		  sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

/* Use: LOG(LOG_INFO, "refund recorded", LOG_S("refund", id), LOG_S("trace", trace), LOG_I("ms", took)); at least one field. */

#endif
