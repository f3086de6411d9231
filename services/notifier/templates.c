#include "templates.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

#define TEMPLATE_BYTES_MAX (64 * 1024)
#define FALLBACK_LANGUAGE  "en"

static const char *const needed_words[] = {
	"date",
	"time",
	"hello",
	"hello_nobody",
	"footer",
	"label_session",
	"label_when",
	"label_utc",
	"label_teacher",
	"label_student",
	"label_amount",
	"label_number",
	"label_parent",
	"bookings",
	"weekday_0",
	"weekday_6",
	"month_1",
	"month_12",
	"teacher_unnamed",
	"parent_unnamed",
	"before_returned",
	"before_on_its_way",
};

static char *read_file(const char *dir, const char *folder, const char *name, struct err *err)
{
	char path[512];
	char *text = calloc(1, TEMPLATE_BYTES_MAX + 1);

	snprintf(path, sizeof(path), "%s/%s%s%s", dir, folder, folder[0] ? "/" : "", name);
	FILE *file = text ? fopen(path, "re") : NULL;
	if (!file) {
		free(text);
		err_set(err, ERR_FATAL, "templates_missing", "cannot read the template %s", path);
		return NULL;
	}
	size_t len = fread(text, 1, TEMPLATE_BYTES_MAX + 1, file);
	fclose(file);
	if (len > TEMPLATE_BYTES_MAX || !str_is_utf8(text, len)) {
		free(text);
		err_set(err, ERR_FATAL, "templates_bad", "%s is too large or not UTF-8", path);
		return NULL;
	}
	char *fitted = realloc(text, len + 1); /* kept as long as the process lives */
	return fitted ? fitted : text;
}

/* Cut one line end, for a subject. */
static void cut_line_end(char *text)
{
	text[strcspn(text, "\r\n")] = '\0';
}

static bool add_word(struct language *language, char *line)
{
	char *equals = strstr(line, " = ");

	if (line[0] == '#' || line[0] == '\0')
		return true;
	if (!equals || language->word_count == TEMPLATE_WORDS_MAX)
		return false;
	*equals = '\0';
	struct word *word = &language->words[language->word_count];
	word->name = strdup(line);
	word->text = strdup(equals + 3);
	language->word_count++;
	return word->name && word->text;
}

static enum err_kind read_words(struct language *language, const char *dir, struct err *err)
{
	char *text = read_file(dir, language->name, "words", err);

	if (!text)
		return err->kind;
	char *rest = text;
	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		if (!add_word(language, line)) {
			err_set(err, ERR_FATAL, "templates_bad", "%s/words: not \"name = text\": %s",
				language->name, line);
			free(text);
			return err->kind;
		}
	}
	free(text);
	for (size_t i = 0; i < sizeof(needed_words) / sizeof(needed_words[0]); i++)
		if (!language_word(language, needed_words[i])[0])
			return err_set(err, ERR_FATAL, "templates_bad", "%s/words has no \"%s\"",
				       language->name, needed_words[i]);
	return ERR_OK;
}

static enum err_kind read_language(struct language *language, const char *dir, const char *name,
				   struct err *err)
{
	(void)str_copy(language->name, sizeof(language->name), name);
	for (int kind = 0; kind < TEMPLATE_KINDS; kind++) {
		char file[64];

		snprintf(file, sizeof(file), "%s.subject", mail_kind_name((enum mail_kind)kind));
		language->subject[kind] = read_file(dir, name, file, err);
		snprintf(file, sizeof(file), "%s.txt", mail_kind_name((enum mail_kind)kind));
		language->text[kind] = language->subject[kind] ? read_file(dir, name, file, err) : NULL;
		snprintf(file, sizeof(file), "%s.html", mail_kind_name((enum mail_kind)kind));
		language->html[kind] = language->text[kind] ? read_file(dir, name, file, err) : NULL;
		if (!language->html[kind])
			return err->kind;
		cut_line_end(language->subject[kind]);
	}
	return read_words(language, dir, err);
}

static enum err_kind read_languages(struct templates *templates, const char *dir, struct err *err)
{
	enum err_kind kind = ERR_OK;
	DIR *folder = opendir(dir);

	if (!folder)
		return err_set(err, ERR_FATAL, "templates_missing", "cannot open the folder %s", dir);
	for (struct dirent *entry = readdir(folder); entry && !kind; entry = readdir(folder)) {
		if (strlen(entry->d_name) != 2 || entry->d_name[0] == '.'
		    || templates->language_count == TEMPLATE_LANGUAGES_MAX)
			continue;
		kind = read_language(&templates->languages[templates->language_count++], dir, entry->d_name,
				     err);
	}
	closedir(folder);
	return kind;
}

enum err_kind templates_open(const char *dir, struct templates **ret_templates, struct err *err)
{
	struct templates *templates = calloc(1, sizeof(*templates));

	if (!templates)
		return err_set(err, ERR_FATAL, "no_memory", "no memory for the templates");
	templates->layout_text = read_file(dir, "", "layout.txt", err);
	templates->layout_html = templates->layout_text ? read_file(dir, "", "layout.html", err) : NULL;
	enum err_kind kind = templates->layout_html ? read_languages(templates, dir, err) : err->kind;

	if (!kind && strcmp(templates_find(templates, FALLBACK_LANGUAGE)->name, FALLBACK_LANGUAGE) != 0)
		kind = err_set(err, ERR_FATAL, "templates_missing", "%s has no folder " FALLBACK_LANGUAGE,
			       dir);
	if (kind) {
		templates_close(templates);
		return kind;
	}
	*ret_templates = templates;
	return ERR_OK;
}

void templates_close(struct templates *templates)
{
	if (!templates)
		return;
	for (int i = 0; i < templates->language_count; i++) {
		struct language *language = &templates->languages[i];

		for (int kind = 0; kind < TEMPLATE_KINDS; kind++) {
			free(language->subject[kind]);
			free(language->text[kind]);
			free(language->html[kind]);
		}
		for (int w = 0; w < language->word_count; w++) {
			free(language->words[w].name);
			free(language->words[w].text);
		}
	}
	free(templates->layout_text);
	free(templates->layout_html);
	free(templates);
}

const struct language *templates_find(const struct templates *templates, const char *locale)
{
	const struct language *fallback = &templates->languages[0];

	for (int i = 0; i < templates->language_count; i++) {
		if (locale && !strncasecmp(templates->languages[i].name, locale, 2)
		    && !strchr("abcdefghijklmnopqrstuvwxyz", locale[2] | 0x20))
			return &templates->languages[i];
		if (!strcmp(templates->languages[i].name, FALLBACK_LANGUAGE))
			fallback = &templates->languages[i];
	}
	return fallback;
}

const char *language_word(const struct language *language, const char *name)
{
	for (int i = 0; i < language->word_count; i++)
		if (!strcmp(language->words[i].name, name))
			return language->words[i].text;
	return "";
}
