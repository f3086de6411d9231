#include <criterion/criterion.h>

#include "template.h"

static const struct template_value values[] = {
	{.name = "name", .text = "Åsa <&\"'>"},
	{.name = "none", .text = NULL},
	{.name = "empty", .text = ""},
	{.name = "html", .text = "<b>x</b>", .markup = true},
	{.name = "lines", .text = "a\r\nBcc: b"},
	{.name = "latin", .text = "Åsa <王>", .foreign = true},
	{.name = "hebrew", .text = "שרה & co", .foreign = true},
	{.name = "turned", .text = "a\u202eb\u2069c\n", .foreign = true},
};

static const struct {
	const char *source;
	enum template_escape escape;
	const char *expected;
} good[] = {
	{"", TEMPLATE_TEXT, ""},
	{"plain { brace } }}", TEMPLATE_TEXT, "plain { brace } }}"},
	{"{{name}}", TEMPLATE_TEXT, "Åsa <&\"'>"},
	{"{{name}}", TEMPLATE_HTML, "Åsa &lt;&amp;&quot;&#39;&gt;"},
	{"{{html}}", TEMPLATE_HTML, "<b>x</b>"},
	{"{{lines}}", TEMPLATE_LINE, "a  Bcc: b"},
	{"{{latin}}!", TEMPLATE_TEXT, "Åsa <王>!"},
	{"{{latin}}!", TEMPLATE_HTML, "Åsa &lt;王&gt;!"},
	{"with {{hebrew}} 7", TEMPLATE_TEXT, "with \u2068שרה & co\u2069 7"},
	{"with {{hebrew}} 7", TEMPLATE_HTML, "with <bdi>שרה &amp; co</bdi> 7"},
	{"{{#turned}}{{turned}}{{/turned}}", TEMPLATE_LINE, "\u2068abc \u2069"},
	{"a{{none}}b{{empty}}c", TEMPLATE_TEXT, "abc"},
	{"{{#name}}yes{{/name}}{{#none}}no{{/none}}", TEMPLATE_TEXT, "yes"},
	{"{{^name}}no{{/name}}{{^empty}}yes{{/empty}}", TEMPLATE_TEXT, "yes"},
	{"{{#none}}a{{#name}}b{{/name}}c{{/none}}d", TEMPLATE_TEXT, "d"},
	{"{{#name}}a{{^none}}b{{/none}}c{{/name}}", TEMPLATE_TEXT, "abc"},
	{"a\n{{#name}}\nb\n{{/name}}\nc\n", TEMPLATE_TEXT, "a\nb\nc\n"},
	{"a\n{{#none}}\nb\n{{/none}}\nc\n", TEMPLATE_TEXT, "a\nc\n"},
};

Test(template, renders)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct err err = {0};
		struct buf out;

		buf_init(&out, 1000);
		cr_assert_eq(template_render(good[i].source, values, sizeof(values) / sizeof(values[0]),
					     good[i].escape, &out, &err),
			     ERR_OK, "%s: %s", good[i].source, err.msg);
		cr_assert_str_eq(out.data, good[i].expected, "%s gave %s", good[i].source, out.data);
		buf_release(&out);
	}
}

static const struct {
	const char *source;
	const char *code;
} bad[] = {
	{"{{unknown}}", "template_unknown"},
	{"{{name", "template_syntax"},
	{"{{}}", "template_syntax"},
	{"{{#name}}a", "template_syntax"},
	{"a{{/name}}", "template_syntax"},
	{"{{#name}}{{#none}}{{/name}}{{/none}}", "template_syntax"},
	{"{{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}", "template_syntax"},
	{"{{#name}}{{#name}}{{#name}}{{#name}}{{#name}}{{#name}}{{#name}}{{#name}}{{#name}}",
	 "template_syntax"},
	{"{{ name }}", "template_unknown"},
};

Test(template, refuses_what_a_writer_may_get_wrong)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = {0};
		struct buf out;

		buf_init(&out, 1000);
		cr_assert_eq(template_render(bad[i].source, values, 5, TEMPLATE_TEXT, &out, &err), ERR_REJECT,
			     "%s", bad[i].source);
		cr_assert_str_eq(err.code, bad[i].code, "%s gave %s", bad[i].source, err.code);
		buf_release(&out);
	}
}

Test(template, refuses_to_pass_its_maximum)
{
	struct err err = {0};
	struct buf out;

	buf_init(&out, 8);
	cr_assert_eq(template_render("{{name}}", values, 5, TEMPLATE_TEXT, &out, &err), ERR_REJECT);
	cr_assert_str_eq(err.code, "template_too_large");
	buf_release(&out);
}
