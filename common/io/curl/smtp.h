/* smtp.h: one SMTP transaction to one recipient over libcurl (curl_mime builds the parts). Blocking, thread-safe. */
#ifndef SMTP_H
#define SMTP_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "mail.h"

struct smtp;

/* Texts are borrowed while the client is open. */
struct smtp_options {
	const char *
		url; /* smtp://host:port or smtps://...; user and password may be in it: secret. A path is our name in EHLO */
	bool require_tls; /* STARTTLS must succeed with a good certificate, else nothing is sent (fail closed) */
	const char *ca_file; /* PEM of whom to trust; NULL: the system's */
	const char *from_address;
	const char *from_name;
	int64_t connect_ms; /* resolving and TCP */
	int64_t step_ms;    /* longest silence of the server at any step before the final dot (60 s) */
	int64_t final_ms;   /* longest wait for the reply to the final dot (600 s, RFC 5321 4.5.3.2.6) */
};

enum err_kind smtp_open(const struct smtp_options *options, struct smtp **ret_smtp,
			struct err *err) MUST_CHECK;
void smtp_close(struct smtp *smtp);

/* Everything UTF-8; line ends are normalised to CRLF, header texts are RFC 2047 encoded, lines never pass 998 bytes. */
struct smtp_message {
	const char *to_address; /* mail_address_is_valid */
	const char *to_name;
	const char *subject;
	const char *message_id; /* with angle brackets */
	struct instant date;
	const char *text;
	const char *html;
	const char *calendar;        /* NULL: none */
	const char *calendar_method; /* "REQUEST" or "CANCEL" */
	const char *language;        /* Content-Language */

	/* Asked about once a second while the server is waited for. False gives up, as long as the message itself was not sent; then the
	 * server's answer is waited for all the same. May block for a moment. NULL: nobody asks. */
	bool (*goes_on)(void *context);
	void *context;
};

/* Send it. *ret_result says what came of it and *ret_reply is the last reply code, 0 if none (both always written). Returns ERR_OK only for
 * MAIL_RESULT_ACCEPTED; ERR_RETRY for LATER, ERR_REJECT for REFUSED and BAD, ERR_UNSURE for LOST. LATER with a reply of 5xx: the server
 * refuses us (banner, EHLO, STARTTLS, login), not this mail. Blocks at most a few steps and final_ms. */
enum err_kind smtp_send(struct smtp *smtp, const struct smtp_message *message, enum mail_result *ret_result,
			int *ret_reply, struct err *err) MUST_CHECK;

#endif
