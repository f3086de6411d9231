/* mail_header.h: texts of mail headers: dates, people, subjects (RFC 5322 sections 3.3 and 3.4, RFC 2047). Pure. */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include "clock.h"
#include "str.h"

/* Unstructured text: printable ASCII stays, anything else becomes RFC 2047 encoded-words (UTF-8, base64) of at most 75 octets each, folded.
 * Control bytes become spaces first, so nothing can start a new header. Appended to out. */
void mail_header_add_text(struct buf *out, const char *text);

/* "Name <address>" with the name quoted or encoded; the address alone when there is no name. The address must be valid
 * (mail_address_is_valid): it is written as it is. */
void mail_header_add_person(struct buf *out, const char *name, const char *address);

/* "Tue, 01 Dec 2026 08:30:00 +0000". */
void mail_header_add_date(struct buf *out, struct instant at);

#endif
