/* err.c: filling and wrapping errors, all in the caller's storage */
#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "str.h"

void err_fill(struct err *err, enum err_kind kind, const char *code, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return;
	err->kind = kind;
	snprintf(err->code, sizeof(err->code), "%s", code);
	va_start(args, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, args);
	va_end(args);
}

enum err_kind err_while(struct err *err, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	va_list args;
	size_t len;

	if (!err)
		return ERR_UNSURE;
	if (!str_copy(inner, sizeof(inner), err->msg))
		return err->kind;
	va_start(args, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, args);
	va_end(args);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", inner);
	return err->kind;
}

const char *err_kind_name(enum err_kind kind)
{
	switch (kind) {
	case ERR_OK:
		return "ok";
	case ERR_RETRY:
		return "retry";
	case ERR_REJECT:
		return "reject";
	case ERR_UNSURE:
		return "unsure";
	case ERR_FATAL:
		return "fatal";
	}
	return "unknown";
}
