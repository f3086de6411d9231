/* template.h: texts with holes, a small part of Mustache: {{name}} is a value, {{#name}}...{{/name}} stands only when the value is there,
 * {{^name}}...{{/name}} only when it is not. No loops, no partials, no code. Pure. */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "str.h"

struct template_value {
	const char *name;
	const char *text; /* NULL or "": not there */
	bool markup;      /* text is HTML already: never escaped */
	bool foreign;     /* somebody's words: whatever their direction, it stays theirs (bidi.h) */
};

enum template_escape {
	TEMPLATE_TEXT, /* as it is */
	TEMPLATE_HTML, /* & < > " ' become entities */
	TEMPLATE_LINE, /* control bytes become spaces: for a subject */
};

/* Render into out (initialised by the caller, appended to).
 * Errors ERR_REJECT template_unknown (a name that is not among values; msg names it), template_syntax, template_too_large. */
enum err_kind template_render(const char *source, const struct template_value *values, size_t count,
			      enum template_escape escape, struct buf *out, struct err *err) MUST_CHECK;

#endif
