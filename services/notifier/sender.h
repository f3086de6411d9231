/* sender.h: whom mails come from, as the setting names them. */
#ifndef SENDER_H
#define SENDER_H

#include <stdbool.h>

#include "err.h"

struct sender {
	char address[256], name[256]; /* name "": none */
};

/* from: "Name <address>" or the address alone. False: it is neither. */
bool sender_read(const char *from, struct sender *ret_sender);

/* For the table of settings. Errors ERR_REJECT mail_from. */
enum err_kind sender_check(const char *from, struct err *err) MUST_CHECK;

#endif
