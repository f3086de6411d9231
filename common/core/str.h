/* str.h: bounded strings. Nothing here writes past the capacity or maximum that it was given. */
#ifndef STR_H
#define STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* Copy src with its NUL into dst of cap bytes. False, and dst is "", when it does not fit whole. src NULL counts as "". */
bool str_copy(char *dst, size_t cap, const char *src);

/* NULL equals NULL only; str_ieq without regard to ASCII case. */
bool str_ieq(const char *a, const char *b);
bool str_eq(const char *a, const char *b);
bool str_starts(const char *text, const char *prefix);

/* Strict decimal: optional '-', digits, nothing else, no overflow, no leading zero except "0" itself. */
bool str_to_int64(const char *text, int64_t *ret_value) MUST_CHECK;

/* Valid UTF-8 (no overlong forms, no surrogates) of exactly len bytes, and no NUL among them. */
bool str_is_utf8(const char *text, size_t len);

/* How many characters UTF-8 of len bytes has; of what is none, at most len. */
size_t str_count_chars(const char *text, size_t len);

/* One character of valid UTF-8 (not at its end), which it moves past. */
uint32_t str_take_char(const char **text);

/* A 64-bit hash (FNV-1a) whose collisions nobody can choose who does not know seed. */
uint64_t str_hash(const char *text, uint64_t seed);

/* Every byte is printable ASCII (0x20..0x7e). */
bool str_is_printable(const char *text);

/* No byte but spaces; also "". */
bool str_is_blank(const char *text);

#define STR_JSON_PIECE_BYTES 8

/* One character of **text (not at its end) as it stands inside a JSON string; moves *text on, returns the piece's length.
 * Quotes, backslash and control bytes are escaped, each broken UTF-8 byte becomes U+FFFD. For writers without a buf. */
size_t str_json_piece(const char **text, char ret_piece[STR_JSON_PIECE_BYTES]);

/* A growable text on the heap that never exceeds max_bytes. After the first overflow every add does nothing and
 * failed stays true, so a caller checks once at the end. data is always NUL-terminated, "" when empty. */
struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max_bytes;
	bool failed;
};

void buf_init(struct buf *buf, size_t max_bytes);
void buf_add(struct buf *buf, const char *text);
void buf_add_bytes(struct buf *buf, const void *bytes, size_t len);
void buf_addf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Append text as the inside of a JSON string: quotes, backslash and control bytes escaped, broken UTF-8 replaced by U+FFFD. */
void buf_add_json(struct buf *buf, const char *text);
/* Forget the content, keep the memory, clear failed. */
void buf_reset(struct buf *buf);
void buf_release(struct buf *buf);

#endif
