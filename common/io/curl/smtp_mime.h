/* smtp_mime.h: inside the SMTP client: the headers and parts of a message, as libcurl wants them. */
#ifndef SMTP_MIME_H
#define SMTP_MIME_H

#include <curl/curl.h>

#include "smtp.h"

/* "Name: value" lines with CRLF folds; free with curl_slist_free_all. NULL: no memory, or a line that is too long. */
struct curl_slist *smtp_headers_new(const struct smtp_options *options, const struct smtp_message *message);

/* text, HTML and calendar as alternatives of one another: together with smtp_headers_new the top level of the mail, nested in nothing.
 * Free with curl_mime_free. NULL: no memory. */
curl_mime *smtp_mime_new(CURL *curl, const struct smtp_message *message);

#endif
