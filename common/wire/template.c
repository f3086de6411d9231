#include "template.h"

#include <string.h>

#include "bidi.h"

#define NAME_MAX_BYTES 48
#define DEPTH_MAX      8

static void add_escaped(struct buf *out, const char *text, enum template_escape escape)
{
	for (const char *c = text; *c; c++) {
		if (escape == TEMPLATE_HTML && *c == '&')
			buf_add(out, "&amp;");
		else if (escape == TEMPLATE_HTML && *c == '<')
			buf_add(out, "&lt;");
		else if (escape == TEMPLATE_HTML && *c == '>')
			buf_add(out, "&gt;");
		else if (escape == TEMPLATE_HTML && *c == '"')
			buf_add(out, "&quot;");
		else if (escape == TEMPLATE_HTML && *c == '\'')
			buf_add(out, "&#39;");
		else if (escape == TEMPLATE_LINE && (unsigned char)*c < 0x20)
			buf_add(out, " ");
		else
			buf_add_bytes(out, c, 1);
	}
}

/* Set apart only where it matters, so that most mails hold nothing that a reader's program might not know. */
static void add_foreign(struct buf *out, const char *text, enum template_escape escape)
{
	bool is_html = escape == TEMPLATE_HTML, is_apart = bidi_disturbs(text);
	char one[2] = "";

	buf_add(out, !is_apart ? "" : is_html ? "<bdi>" : BIDI_FSI);
	while (*text) {
		size_t control = bidi_control_len(text);

		if (!control) {
			one[0] = *text;
			add_escaped(out, one, escape);
		}
		text += control ? control : 1;
	}
	buf_add(out, !is_apart ? "" : is_html ? "</bdi>" : BIDI_PDI);
}

static void add_value(struct buf *out, const struct template_value *value, enum template_escape escape)
{
	if (value->foreign)
		add_foreign(out, value->text, escape);
	else
		add_escaped(out, value->text, value->markup ? TEMPLATE_TEXT : escape);
}

struct render {
	const struct template_value *values;
	size_t count;
	enum template_escape escape;
	struct buf *out;
	char open[DEPTH_MAX][NAME_MAX_BYTES]; /* sections around the place that is being read */
	bool shown[DEPTH_MAX + 1];            /* shown[0]: outside every section */
	int depth;
};

static const struct template_value *find_value(const struct render *render, const char *name)
{
	for (size_t i = 0; i < render->count; i++)
		if (!strcmp(render->values[i].name, name))
			return &render->values[i];
	return NULL;
}

static enum err_kind open_section(struct render *render, const char *name, bool shown, struct err *err)
{
	if (render->depth == DEPTH_MAX)
		return err_set(err, ERR_REJECT, "template_syntax", "sections are nested too deep at %s",
			       name);
	(void)str_copy(render->open[render->depth], NAME_MAX_BYTES, name);
	render->depth++;
	render->shown[render->depth] = render->shown[render->depth - 1] && shown;
	return ERR_OK;
}

static enum err_kind close_section(struct render *render, const char *name, struct err *err)
{
	if (render->depth == 0 || strcmp(render->open[render->depth - 1], name) != 0)
		return err_set(err, ERR_REJECT, "template_syntax", "{{/%s}} closes nothing", name);
	render->depth--;
	return ERR_OK;
}

/* tag is what stands between the braces: "name", "#name", "^name" or "/name". */
static enum err_kind render_tag(struct render *render, const char *tag, struct err *err)
{
	char sigil = strchr("#^/", tag[0]) ? tag[0] : '\0';
	const char *name = sigil ? tag + 1 : tag;
	const struct template_value *value = find_value(render, name);

	if (!value)
		return err_set(err, ERR_REJECT, "template_unknown",
			       "the template names {{%s}}, which is not a value", name);
	bool there = value->text && value->text[0];
	if (sigil == '#')
		return open_section(render, name, there, err);
	if (sigil == '^')
		return open_section(render, name, !there, err);
	if (sigil == '/')
		return close_section(render, name, err);
	if (there && render->shown[render->depth])
		add_value(render->out, value, render->escape);
	return ERR_OK;
}

enum err_kind template_render(const char *source, const struct template_value *values, size_t count,
			      enum template_escape escape, struct buf *out, struct err *err)
{
	struct render render = {.values = values, .count = count, .escape = escape, .out = out};
	const char *at = source;

	render.shown[0] = true;
	for (const char *open = strstr(at, "{{"); open; open = strstr(at, "{{")) {
		const char *close = strstr(open, "}}");
		char tag[NAME_MAX_BYTES + 1] = "";
		size_t len = close ? (size_t)(close - open - 2) : 0;

		if (!close || len == 0 || len >= sizeof(tag))
			return err_set(err, ERR_REJECT, "template_syntax",
				       "a {{ without its }} or with a name too long");
		memcpy(tag, open + 2, len);
		if (render.shown[render.depth])
			buf_add_bytes(out, at, (size_t)(open - at));
		if (render_tag(&render, tag, err))
			return err->kind;
		at = close + 2;
		if (strchr("#^/", tag[0]) && *at == '\n' && (open == source || open[-1] == '\n'))
			at++; /* a section tag alone on its line leaves no empty line behind */
	}
	buf_add(out, at);
	if (render.depth)
		return err_set(err, ERR_REJECT, "template_syntax", "{{#%s}} is never closed",
			       render.open[render.depth - 1]);
	if (out->failed)
		return err_set(err, ERR_REJECT, "template_too_large", "the rendered text passes %zu bytes",
			       out->max_bytes);
	return ERR_OK;
}
