/* reconcile_report.c: differences and sums as CSV (RFC 4180) or JSON. One line at a time, into a temporary file, so that any number of them fits, and
 * that stdout sees a whole report or none. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reconcile.h"
#include "rfc3339.h"
#include "str.h"

static const char header[] =
	"row,object,day,currency,id,booking_id,what,stripe_count,tables_count,stripe_minor,"
	"tables_minor,difference_minor,stripe_status,tables_status\r\n";

static void put_text(FILE *out, const char *text)
{
	if (!text)
		return;
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, out);
		return;
	}
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	putc('"', out);
}

static void put_column(FILE *out, const char *text)
{
	put_text(out, text);
	putc(',', out);
}

static void csv_line(FILE *out, const struct report_line *line)
{
	put_column(out, line->what ? "difference" : "sum");
	put_column(out, line->object);
	put_column(out, line->day);
	put_column(out, line->currency);
	put_column(out, line->id);
	if (line->booking_id)
		fprintf(out, "%" PRId64, line->booking_id);
	putc(',', out);
	put_text(out, line->what);
	fprintf(out, ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",", line->stripe_count,
		line->tables_count, line->stripe_minor, line->tables_minor,
		line->stripe_minor - line->tables_minor);
	put_column(out, line->stripe_status);
	put_text(out, line->tables_status);
	fputs("\r\n", out);
}

static void json_text(FILE *out, const char *name, const char *text)
{
	char piece[STR_JSON_PIECE_BYTES];

	fprintf(out, "\"%s\":", name);
	if (!text) {
		fputs("null,", out);
		return;
	}
	putc('"', out);
	while (*text)
		fwrite(piece, 1, str_json_piece(&text, piece), out);
	fputs("\",", out);
}

static void json_line(FILE *out, const struct report_line *line)
{
	putc('{', out);
	json_text(out, "row", line->what ? "difference" : "sum");
	json_text(out, "object", line->object);
	json_text(out, "day", line->day);
	json_text(out, "currency", line->currency);
	json_text(out, "id", line->id);
	json_text(out, "what", line->what);
	json_text(out, "stripeStatus", line->stripe_status);
	json_text(out, "tablesStatus", line->tables_status);
	if (line->booking_id)
		fprintf(out, "\"bookingId\":%" PRId64 ",", line->booking_id);
	else
		fputs("\"bookingId\":null,", out);
	fprintf(out,
		"\"stripeCount\":%" PRId64 ",\"tablesCount\":%" PRId64 ",\"stripeMinor\":%" PRId64
		",\"tablesMinor\":%" PRId64 ",\"differenceMinor\":%" PRId64 "}",
		line->stripe_count, line->tables_count, line->stripe_minor, line->tables_minor,
		line->stripe_minor - line->tables_minor);
}

enum err_kind report_begin(struct reconciling *r, struct err *err)
{
	char from[RFC3339_BYTES], until[RFC3339_BYTES];

	r->out = tmpfile();
	if (!r->out)
		return err_set(err, ERR_RETRY, "no_file", "there is no room for a temporary file");
	if (!r->as_json) {
		fputs(header, r->out);
		return ERR_OK;
	}
	rfc3339_encode(r->window.from, from);
	rfc3339_encode(r->window.until, until);
	fprintf(r->out, "{\"since\":\"%s\",\"until\":\"%s\",\"lines\":[", from, until);
	return ERR_OK;
}

void report_line(struct reconciling *r, const struct report_line *line)
{
	if (!r->as_json) {
		csv_line(r->out, line);
	} else {
		fputs(r->lines ? ",\n" : "\n", r->out);
		json_line(r->out, line);
	}
	r->lines++;
	r->differences += line->what != NULL;
}

/* Whether stdout took it all is looked at by main. */
static enum err_kind hand_out(FILE *from, struct err *err)
{
	char piece[4096];
	size_t count;

	if (fflush(from) || ferror(from) || fseek(from, 0, SEEK_SET))
		return err_set(err, ERR_RETRY, "no_file", "the temporary file cannot be written");
	while ((count = fread(piece, 1, sizeof piece, from)) > 0)
		fwrite(piece, 1, count, stdout);
	if (ferror(from))
		return err_set(err, ERR_RETRY, "no_file", "the temporary file cannot be read");
	return ERR_OK;
}

enum err_kind report_end(const struct reconciling *r, struct err *err)
{
	if (r->as_json)
		fprintf(r->out,
			"],\n\"differences\":%" PRId64 ",\"foreignPayments\":%" PRId64
			",\"foreignRefunds\":%" PRId64 ",\"unread\":%" PRId64 ",\"notCompared\":%" PRId64
			"}\n",
			r->differences, r->foreign_payments, r->foreign_refunds, r->unread, r->charges);
	return hand_out(r->out, err);
}
