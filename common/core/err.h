/* err.h: what went wrong, and what the caller may do next.
 * The adapter that saw a failure sets the kind; nobody above guesses from text. */
#ifndef ERR_H
#define ERR_H

#define MUST_CHECK             __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum err_kind {
	ERR_OK = 0,
	ERR_RETRY,  /* nothing happened; safe to repeat */
	ERR_REJECT, /* can never succeed */
	ERR_UNSURE, /* may have happened; re-read before repeating */
	ERR_FATAL,  /* this process must stop */
};

/* Caller's storage, no heap. code is stable and machine-readable; msg is for a person and holds no secret. */
struct err {
	enum err_kind kind;
	char code[32];
	char msg[192];
};

/* Fill *err and return kind, so that a failing function can end with `return err_set(...)`.
 * err may be NULL when the caller wants the kind only. A macro over err_fill, because compilers and analysers
 * then see which kind comes back and know that outputs were not written; kind is evaluated twice. */
#define err_set(err, kind, ...) (err_fill((err), (kind), __VA_ARGS__), err_known(kind))
void err_fill(struct err *err, enum err_kind kind, const char *code, const char *fmt, ...) PRINTF_LIKE(4, 5);
static inline enum err_kind err_known(enum err_kind kind)
{
	return kind;
}

/* Put context in front of the message ("<context>: <message>"), cut at the end if too long.
 * Kind and code stay; returns the kind (ERR_UNSURE, the careful one, when err is NULL). */
enum err_kind err_while(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* "ok", "retry", "reject", "unsure", "fatal": for logs and metrics labels. */
const char *err_kind_name(enum err_kind kind);

#endif
