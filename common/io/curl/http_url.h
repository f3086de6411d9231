/* http_url.h: which urls of servers are taken. */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include "err.h"

/* Would http_client_open take it? For tables of settings: msg ends the sentence "NAME ...". No network. Errors ERR_FATAL http_config. */
enum err_kind http_url_check(const char *url, struct err *err) MUST_CHECK;

#endif
