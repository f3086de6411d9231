#include "smtp.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "smtp_mime.h"

#define REPLY_GO_AHEAD 354
#define GREETING_STEPS 8 /* banner, EHLO, STARTTLS, handshake, EHLO, and what a login may take */

struct smtp {
	struct smtp_options options;
};

enum err_kind smtp_open(const struct smtp_options *options, struct smtp **ret_smtp, struct err *err)
{
	struct smtp *smtp = NULL;

	if (!mail_address_is_valid(options->from_address))
		return err_set(err, ERR_FATAL, "smtp_config", "the sender's address is not valid");
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, ERR_FATAL, "curl_init", "libcurl does not start");
	smtp = calloc(1, sizeof(*smtp));
	if (!smtp)
		return err_set(err, ERR_FATAL, "no_memory", "no memory for the SMTP client");
	smtp->options = *options;
	*ret_smtp = smtp;
	return ERR_OK;
}

void smtp_close(struct smtp *smtp)
{
	free(smtp);
}

/* How far a transaction came: what a reply code means depends on it. */
enum stage {
	STAGE_GREETING, /* a refusal is about us or the server: no mail was named yet */
	STAGE_ENVELOPE, /* MAIL was sent: a refusal is about this mail */
	STAGE_BODY, /* 354 was read (RFC 5321 section 4.3.2): the message may have been taken from here on */
};

/* What one transaction holds on to. */
struct transfer {
	const struct smtp_options *options;
	const struct smtp_message *message;
	CURL *curl;
	curl_mime *mime;
	struct curl_slist *headers, *recipients;
	enum stage stage;
	int64_t silent_since_ms;
	curl_off_t last_sent;
};

static int64_t now_ms(void)
{
	return clock_system()->monotonic_ms(clock_system());
}

static void transfer_release(struct transfer *transfer)
{
	curl_socket_t line = CURL_SOCKET_BAD;

	/* libcurl says QUIT in its cleanup and would wait minutes for the answer; with the receiving side shut it reads an end at once. */
	if (transfer->curl && curl_easy_getinfo(transfer->curl, CURLINFO_ACTIVESOCKET, &line) == CURLE_OK
	    && line != CURL_SOCKET_BAD)
		(void)shutdown(line, SHUT_RD);
	curl_easy_cleanup(transfer->curl);
	curl_slist_free_all(transfer->headers);
	curl_slist_free_all(transfer->recipients);
	curl_mime_free(transfer->mime);
}

/* libcurl shows every command and every line of a reply here. */
static int watch_dialogue(CURL *curl, curl_infotype what, char *bytes, size_t len, void *context)
{
	struct transfer *transfer = context;

	(void)curl;
	if (what != CURLINFO_HEADER_IN && what != CURLINFO_HEADER_OUT)
		return 0;
	transfer->silent_since_ms = now_ms();
	if (what == CURLINFO_HEADER_OUT && transfer->stage == STAGE_GREETING && len >= 5
	    && !memcmp(bytes, "MAIL ", 5))
		transfer->stage = STAGE_ENVELOPE;
	if (what == CURLINFO_HEADER_IN && transfer->stage == STAGE_ENVELOPE && len >= 3
	    && !memcmp(bytes, "354", 3))
		transfer->stage = STAGE_BODY;
	return 0;
}

static int64_t patience_ms(const struct transfer *transfer)
{
	curl_off_t connected_us = 0;

	if (transfer->stage == STAGE_BODY)
		return transfer->options->final_ms;
	if (transfer->stage == STAGE_GREETING
	    && curl_easy_getinfo(transfer->curl, CURLINFO_CONNECT_TIME_T, &connected_us) == CURLE_OK
	    && connected_us == 0)
		return transfer->options->connect_ms;
	return transfer->options->step_ms;
}

/* libcurl has one time-out for connecting and greeting together and one for every reply; RFC 5321 section 4.5.3.2 wants them apart.
 * Called at least once a second. */
static int watch_silence(void *context, curl_off_t to_get, curl_off_t got, curl_off_t to_send,
			 curl_off_t sent)
{
	struct transfer *transfer = context;
	const struct smtp_message *message = transfer->message;

	(void)to_get, (void)got, (void)to_send;
	if (sent != transfer->last_sent) {
		transfer->last_sent = sent;
		transfer->silent_since_ms = now_ms();
	}
	bool goes_on = !message->goes_on || message->goes_on(message->context);
	return (!goes_on && transfer->stage != STAGE_BODY)
	       || now_ms() - transfer->silent_since_ms > patience_ms(transfer);
}

static bool set_waits(struct transfer *transfer)
{
	const struct smtp_options *options = transfer->options;
	CURL *curl = transfer->curl;
	long greeting_ms = (long)(options->connect_ms + GREETING_STEPS * options->step_ms);
	int64_t longest_ms = options->final_ms > options->step_ms ? options->final_ms : options->step_ms;

	return curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, greeting_ms) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)(longest_ms / 1000 + 1))
			  == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch_silence) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, watch_dialogue) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_DEBUGDATA, transfer) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L) == CURLE_OK;
}

static bool set_line(struct transfer *transfer)
{
	const struct smtp_options *options = transfer->options;
	CURL *curl = transfer->curl;
	long tls = options->require_tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_NONE;

	return curl_easy_setopt(curl, CURLOPT_URL, options->url) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_USE_SSL, tls) == CURLE_OK
	       && (!options->ca_file || curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca_file) == CURLE_OK);
}

static bool set_message(struct transfer *transfer)
{
	CURL *curl = transfer->curl;
	char from[300], to[300];

	snprintf(from, sizeof(from), "<%s>", transfer->options->from_address);
	snprintf(to, sizeof(to), "<%s>", transfer->message->to_address);
	transfer->recipients = curl_slist_append(NULL, to);
	transfer->headers = smtp_headers_new(transfer->options, transfer->message);
	transfer->mime = smtp_mime_new(curl, transfer->message);
	return transfer->recipients && transfer->headers && transfer->mime
	       && curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, transfer->recipients) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK
	       && curl_easy_setopt(curl, CURLOPT_MIMEPOST, transfer->mime) == CURLE_OK;
}

/* 530 to 538: "sign in first", "wrong password", "encrypt first" (RFC 4954, RFC 3207). Every mail would get it: a refusal of us. */
static bool refuses_us(enum stage stage, int reply)
{
	if (stage == STAGE_GREETING)
		return reply / 100 == 5;
	return stage == STAGE_ENVELOPE && reply >= 530 && reply <= 538;
}

static enum err_kind classify_body(int reply, const char *words, enum mail_result *ret_result,
				   struct err *err)
{
	if (reply / 100 == 2) { /* libcurl takes 250 alone for success */
		*ret_result = MAIL_RESULT_ACCEPTED;
		return ERR_OK;
	}
	*ret_result = MAIL_RESULT_LOST;
	return err_set(err, ERR_UNSURE, "smtp_lost", "no answer to the message itself: %s", words);
}

static enum err_kind classify(CURLcode code, enum stage stage, int reply, enum mail_result *ret_result,
			      struct err *err)
{
	const char *words = curl_easy_strerror(code);

	if (code == CURLE_OK) {
		*ret_result = MAIL_RESULT_ACCEPTED;
		return ERR_OK;
	}
	*ret_result = MAIL_RESULT_LATER;
	if (refuses_us(stage, reply))
		return err_set(err, ERR_RETRY, "smtp_refuses_us",
			       "the mail server answered %d before any mail", reply);
	if (reply / 100 == 4)
		return err_set(err, ERR_RETRY, "smtp_later", "the mail server answered %d", reply);
	if (reply / 100 == 5) {
		*ret_result = MAIL_RESULT_REFUSED;
		return err_set(err, ERR_REJECT, "smtp_refused", "the mail server answered %d", reply);
	}
	if (stage == STAGE_BODY)
		return classify_body(reply, words, ret_result, err);
	if (code == CURLE_USE_SSL_FAILED || code == CURLE_PEER_FAILED_VERIFICATION)
		return err_set(err, ERR_RETRY, "smtp_no_tls", "nothing was sent: %s", words);
	return err_set(err, ERR_RETRY, "smtp_unreachable", "nothing was sent: %s", words);
}

enum err_kind smtp_send(struct smtp *smtp, const struct smtp_message *message, enum mail_result *ret_result,
			int *ret_reply, struct err *err)
{
	struct transfer transfer = {
		.options = &smtp->options, .message = message, .silent_since_ms = now_ms()};
	long reply = 0;

	*ret_reply = 0;
	*ret_result = MAIL_RESULT_BAD;
	if (!mail_address_is_valid(message->to_address))
		return err_set(err, ERR_REJECT, "bad_address", "the recipient's address is not valid");
	transfer.curl = curl_easy_init();
	if (!transfer.curl || !set_line(&transfer) || !set_waits(&transfer) || !set_message(&transfer)) {
		transfer_release(&transfer);
		*ret_result = MAIL_RESULT_LATER;
		return err_set(err, ERR_RETRY, "smtp_setup", "no memory for the mail");
	}
	CURLcode code = curl_easy_perform(transfer.curl);
	curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &reply);
	*ret_reply = (int)reply;
	transfer_release(&transfer);
	return classify(code, transfer.stage, (int)reply, ret_result, err);
}
