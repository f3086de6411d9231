/* sink.h: the mail sink of UNBOOK_TEST_SMTP_URL and its control API at UNBOOK_TEST_MAIL_URL. */
#ifndef SINK_H
#define SINK_H

#include <jansson.h>

const char *sink_url(void);

/* One fault, as JSON: "{\"step\":\"rcpt\",\"code\":451}". It is used up by the next mail that fits. */
void sink_fault(const char *json);

/* Mails to that address whose last byte arrived; the caller's reference. */
json_t *sink_mails(const char *rcpt);

/* Breaches of the SMTP rules by anybody so far. */
int sink_violations(void);

#endif
