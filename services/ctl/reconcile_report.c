/* reconcile_report.c: differences and sums as CSV (RFC 4180) or JSON. One line at a time, so that any number of them fits. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reconcile.h"
#include "rfc3339.h"
#include "str.h"

static const char header[] =
	"row,object,day,currency,id,booking_id,what,stripe_count,tables_count,stripe_minor,"
	"tables_minor,difference_minor,stripe_status,tables_status\r\n";

static void put_text(const char *text)
{
	if (!text)
		return;
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, stdout);
		return;
	}
	putchar('"');
	for (; *text; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	putchar('"');
}

static void put_column(const char *text)
{
	put_text(text);
	putchar(',');
}

static void csv_line(const struct report_line *line)
{
	put_column(line->what ? "difference" : "sum");
	put_column(line->object);
	put_column(line->day);
	put_column(line->currency);
	put_column(line->id);
	if (line->booking_id)
		printf("%" PRId64, line->booking_id);
	putchar(',');
	put_text(line->what);
	printf(",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",", line->stripe_count,
	       line->tables_count, line->stripe_minor, line->tables_minor,
	       line->stripe_minor - line->tables_minor);
	put_column(line->stripe_status);
	put_text(line->tables_status);
	fputs("\r\n", stdout);
}

static void json_text(const char *name, const char *text)
{
	char piece[STR_JSON_PIECE_BYTES];

	printf("\"%s\":", name);
	if (!text) {
		fputs("null,", stdout);
		return;
	}
	putchar('"');
	while (*text)
		fwrite(piece, 1, str_json_piece(&text, piece), stdout);
	fputs("\",", stdout);
}

static void json_line(const struct report_line *line)
{
	putchar('{');
	json_text("row", line->what ? "difference" : "sum");
	json_text("object", line->object);
	json_text("day", line->day);
	json_text("currency", line->currency);
	json_text("id", line->id);
	json_text("what", line->what);
	json_text("stripeStatus", line->stripe_status);
	json_text("tablesStatus", line->tables_status);
	if (line->booking_id)
		printf("\"bookingId\":%" PRId64 ",", line->booking_id);
	else
		fputs("\"bookingId\":null,", stdout);
	printf("\"stripeCount\":%" PRId64 ",\"tablesCount\":%" PRId64 ",\"stripeMinor\":%" PRId64
	       ",\"tablesMinor\":%" PRId64 ",\"differenceMinor\":%" PRId64 "}",
	       line->stripe_count, line->tables_count, line->stripe_minor, line->tables_minor,
	       line->stripe_minor - line->tables_minor);
}

void report_begin(const struct reconciling *r)
{
	char from[RFC3339_BYTES], until[RFC3339_BYTES];

	if (!r->as_json) {
		fputs(header, stdout);
		return;
	}
	rfc3339_encode(r->window.from, from);
	rfc3339_encode(r->window.until, until);
	printf("{\"since\":\"%s\",\"until\":\"%s\",\"lines\":[", from, until);
}

void report_line(struct reconciling *r, const struct report_line *line)
{
	if (!r->as_json) {
		csv_line(line);
	} else {
		fputs(r->lines ? ",\n" : "\n", stdout);
		json_line(line);
	}
	r->lines++;
	r->differences += line->what != NULL;
}

void report_end(const struct reconciling *r)
{
	if (!r->as_json)
		return;
	printf("],\n\"differences\":%" PRId64 ",\"foreignPayments\":%" PRId64 ",\"foreignRefunds\":%" PRId64
	       ",\"unread\":%" PRId64 ",\"notCompared\":%" PRId64 "}\n",
	       r->differences, r->foreign_payments, r->foreign_refunds, r->unread, r->charges);
}
