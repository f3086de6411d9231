#include "mail_header.h"

#include <openssl/evp.h>
#include <string.h>

#include "rfc3339.h"

/* 75 octets less "=?UTF-8?B?" and "?=": 63, so 45 octets of text at most as base64 groups of four. */
#define WORD_OCTETS 45

static bool is_plain(const char *text)
{
	return str_is_printable(text) && !strstr(text, "=?");
}

static void add_encoded_word(struct buf *out, const char *text, size_t len)
{
	unsigned char clean[WORD_OCTETS], coded[WORD_OCTETS * 2];

	for (size_t i = 0; i < len; i++)
		clean[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? ' ' : (unsigned char)text[i];
	EVP_EncodeBlock(coded, clean, (int)len);
	buf_addf(out, "=?UTF-8?B?%s?=", (const char *)coded);
}

static void add_encoded(struct buf *out, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		size_t len = left < WORD_OCTETS ? left : WORD_OCTETS;

		while (len < left && len > 1 && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--; /* an encoded-word holds whole characters (RFC 2047 section 5) */
		add_encoded_word(out, text, len);
		text += len;
		left -= len;
		if (left)
			buf_add(out, "\r\n ");
	}
}

void mail_header_add_text(struct buf *out, const char *text)
{
	if (is_plain(text) && strlen(text) < 900)
		buf_add(out, text);
	else
		add_encoded(out, text);
}

void mail_header_add_person(struct buf *out, const char *name, const char *address)
{
	if (!name || !name[0]) {
		buf_add(out, address);
		return;
	}
	if (is_plain(name) && strlen(name) < 200) {
		buf_add(out, "\"");
		for (const char *c = name; *c; c++)
			buf_addf(out, strchr("\"\\", *c) ? "\\%c" : "%c", *c);
		buf_add(out, "\"");
	} else {
		add_encoded(out, name);
	}
	buf_addf(out, " <%s>", address);
}

void mail_header_add_date(struct buf *out, struct instant at)
{
	static const char days[][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct civil_time civil;

	civil_from_instant(at, &civil);
	buf_addf(out, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[civil.weekday], civil.day,
		 months[civil.month - 1], civil.year, civil.hour, civil.minute, civil.second);
}
