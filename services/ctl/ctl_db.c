#include "ctl_db.h"

#include <stdio.h>
#include <unistd.h>

#include "ctl.h"
#include "rfc3339.h"

struct settings {
	char *pg_url;
};

static const struct conf_row rows[] = {CTL_PG_ROW(struct settings, pg_url)};

int ctl_with_db(const struct ctl_work *work)
{
	struct settings settings = {0};
	struct err err = {0};
	struct pg *db = NULL;
	int code = EX_CONFIG;

	if (!conf_load(rows, sizeof(rows) / sizeof(rows[0]), &settings, environ, stderr)) {
		struct pg_options options = {
			.url = settings.pg_url, .application = work->name, .call_ms = work->call_ms};

		code = 0;
		if (pg_open(&options, &db, &err) || work->run(db, work->context, &code, &err)) {
			fprintf(stderr, "%s: %s (%s)\n", work->name, err.msg, err.code);
			code = EX_SOFTWARE;
		}
	}
	pg_close(db);
	conf_release(rows, sizeof(rows) / sizeof(rows[0]), &settings);
	return code;
}

void ctl_put_text(const char *text)
{
	const unsigned char *byte = (const unsigned char *)(text && text[0] ? text : "-");

	for (; *byte; byte++) {
		if (*byte == 0xc2 && byte[1] >= 0x80 && byte[1] < 0xa0) { /* C1 controls in UTF-8 */
			putchar('?');
			byte++;
		} else {
			putchar(*byte < 0x20 || *byte == 0x7f ? '?' : *byte);
		}
	}
}

void ctl_put_instant(struct instant at)
{
	char text[RFC3339_BYTES];

	if (instant_is_none(at)) {
		putchar('-');
		return;
	}
	at.us -= at.us % 1000000;
	rfc3339_encode(at, text);
	fputs(text, stdout);
}
