/* buf.c: the growable text of str.h */
#include "str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAP_FIRST ((size_t)64)

/* what data points at while nothing is allocated; only ever read */
static char empty[1];

void buf_init(struct buf *buf, size_t max_bytes)
{
	*buf = (struct buf){.data = empty, .max_bytes = max_bytes};
}

/* Room for add more bytes and the NUL. */
static bool buf_grow(struct buf *buf, size_t add)
{
	size_t need, cap = buf->cap ? buf->cap : CAP_FIRST;
	char *data;

	if (buf->failed || add > buf->max_bytes - buf->len || buf->len + add == SIZE_MAX) {
		buf->failed = true;
		return false;
	}
	need = buf->len + add + 1;
	if (need <= buf->cap)
		return true;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	if (cap - 1 > buf->max_bytes)
		cap = buf->max_bytes + 1;
	data = realloc(buf->cap ? buf->data : NULL, cap);
	if (!data) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->data[buf->len] = '\0';
	buf->cap = cap;
	return true;
}

void buf_add_bytes(struct buf *buf, const void *bytes, size_t len)
{
	if (!buf_grow(buf, len) || len == 0)
		return;
	memcpy(buf->data + buf->len, bytes, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_add(struct buf *buf, const char *text)
{
	buf_add_bytes(buf, text, strlen(text));
}

void buf_addf(struct buf *buf, const char *fmt, ...)
{
	va_list args, again;
	int len;

	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, args);
	if (len < 0) {
		buf->failed = true;
	} else if (buf_grow(buf, (size_t)len)) {
		vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, again);
		buf->len += (size_t)len;
	}
	va_end(again);
	va_end(args);
}

void buf_add_json(struct buf *buf, const char *text)
{
	char piece[STR_JSON_PIECE_BYTES];

	while (*text && !buf->failed) {
		size_t len = str_json_piece(&text, piece);

		buf_add_bytes(buf, piece, len);
	}
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->cap)
		buf->data[0] = '\0';
}

void buf_release(struct buf *buf)
{
	if (buf->cap)
		free(buf->data);
	buf_init(buf, buf->max_bytes);
}
