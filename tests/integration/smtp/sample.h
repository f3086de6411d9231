/* sample.h: one mail, one client, and what came of sending it. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "smtp.h"

struct sent {
	enum err_kind kind;
	enum mail_result result;
	int reply;
	int64_t took_ms;
	struct err err;
};

/* Three parts, 8-bit names; change what a test is about. */
struct smtp_message sample_message(const char *to_address);

/* step 2 s, final 4 s, no TLS; change what a test is about. */
struct smtp_options sample_options(const char *url);

struct sent sample_send(const struct smtp_options *options, const struct smtp_message *message);

#define ASSERT_SENT(call, wanted_result, wanted_reply)                                                 \
	do {                                                                                           \
		const struct sent sent_ = (call);                                                      \
		cr_assert_eq(sent_.result, (wanted_result), "%d %d %s: %s", sent_.result, sent_.reply, \
			     sent_.err.code, sent_.err.msg);                                           \
		cr_assert_eq(sent_.reply, (wanted_reply), "%d %s", sent_.reply, sent_.err.msg);        \
	} while (0)

#endif
