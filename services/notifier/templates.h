/* templates.h: the texts of all mails, read once at start from files (one folder per language). Read-only afterwards, so thread-safe. */
#ifndef TEMPLATES_H
#define TEMPLATES_H

#include "mail.h"
#include "template.h"

#define TEMPLATE_KINDS         4
#define TEMPLATE_WORDS_MAX     48
#define TEMPLATE_LANGUAGES_MAX 16

/* One "name = text" line of a language's words file. */
struct word {
	char *name;
	char *text;
};

struct language {
	char name[8];                                                                /* "en" */
	char *subject[TEMPLATE_KINDS], *text[TEMPLATE_KINDS], *html[TEMPLATE_KINDS]; /* by enum mail_kind */
	struct word words[TEMPLATE_WORDS_MAX];
	int word_count;
};

struct templates {
	char *layout_text, *layout_html;
	struct language languages[TEMPLATE_LANGUAGES_MAX];
	int language_count;
};

/* Read every language folder of dir. English must be among them. All or nothing.
 * Errors ERR_FATAL templates_missing, templates_bad: msg names the file. */
enum err_kind templates_open(const char *dir, struct templates **ret_templates, struct err *err) MUST_CHECK;
void templates_close(struct templates *templates);

/* The language of a locale ("de-AT", "de_DE.UTF-8", "de"); English when there is none. */
const struct language *templates_find(const struct templates *templates, const char *locale);

/* The text of a word; "" when the file has none (templates_open checked the needed ones). */
const char *language_word(const struct language *language, const char *name);

#endif
