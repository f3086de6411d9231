#include "mail.h"

#include <string.h>

#include "names.h"

#define ADDRESS_BYTES_MAX 254 /* RFC 5321 section 4.5.3.1.3: a path of 256 less its brackets */
#define LOCAL_BYTES_MAX   64
#define LABEL_BYTES_MAX   63

static const char *const kind_names[] = {
	[MAIL_CONFIRMED] = "confirmed",
	[MAIL_CANCELLED] = "cancelled",
	[MAIL_PAYMENT_RETURNED] = "payment_returned",
	[MAIL_REFUND_FAILED] = "refund_failed",
};

static const char *const state_names[] = {
	[MAIL_QUEUED] = "queued",   [MAIL_SENDING] = "sending", [MAIL_SENT] = "sent",
	[MAIL_UNKNOWN] = "unknown", [MAIL_FAILED] = "failed",   [MAIL_SUPERSEDED] = "superseded",
};

const char *mail_kind_name(enum mail_kind kind)
{
	return name_find(kind_names, NAMES_COUNT(kind_names), (size_t)kind);
}

bool mail_kind_decode(const char *name, enum mail_kind *ret_kind)
{
	size_t value;

	if (!name_decode(kind_names, NAMES_COUNT(kind_names), name, &value))
		return false;
	*ret_kind = (enum mail_kind)value;
	return true;
}

const char *mail_state_name(enum mail_state state)
{
	return name_find(state_names, NAMES_COUNT(state_names), (size_t)state);
}

bool mail_state_decode(const char *name, enum mail_state *ret_state)
{
	size_t value;

	if (!name_decode(state_names, NAMES_COUNT(state_names), name, &value))
		return false;
	*ret_state = (enum mail_state)value;
	return true;
}

static bool is_over(enum mail_state state)
{
	return state == MAIL_SENT || state == MAIL_FAILED || state == MAIL_SUPERSEDED;
}

void mail_next(const struct mail *mail, enum mail_result result, const struct mail_limits *limits,
	       struct instant now, struct mail_change *ret)
{
	const struct mail_change failed = {.state = MAIL_FAILED, .alarm = true};

	*ret = (struct mail_change){.state = mail->state};
	if (is_over(mail->state))
		return;
	switch (result) {
	case MAIL_RESULT_ACCEPTED:
		ret->state = MAIL_SENT;
		return;
	case MAIL_RESULT_LATER:
		if ((now.us - mail->created_at.us) / 1000 >= limits->give_up_ms) {
			*ret = failed;
			return;
		}
		*ret = (struct mail_change){.state = MAIL_QUEUED, .counts_as_failure = true};
		return;
	case MAIL_RESULT_LOST:
		if (mail->unknowns >= limits->unknowns_max) {
			*ret = failed;
			return;
		}
		*ret = (struct mail_change){
			.state = MAIL_UNKNOWN, .counts_as_unknown = true, .wait_ms = limits->unknown_wait_ms};
		return;
	case MAIL_RESULT_REFUSED:
	case MAIL_RESULT_BAD:
		*ret = failed;
		return;
	}
}

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 5321 Dot-string: atoms of RFC 5322 atext, one dot between two. */
static bool local_is_valid(const char *local, size_t len)
{
	char before = '.';

	if (len == 0 || len > LOCAL_BYTES_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = local[i];

		if (c == '.' ? before == '.' : !is_letter_or_digit(c) && !strchr("!#$%&'*+/=?^_`{|}~-", c))
			return false;
		before = c;
	}
	return before != '.';
}

static bool label_is_valid(const char *label, size_t len)
{
	if (len == 0 || len > LABEL_BYTES_MAX || label[0] == '-' || label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_letter_or_digit(label[i]) && label[i] != '-')
			return false;
	}
	return true;
}

bool mail_address_is_valid(const char *address)
{
	const char *at, *label;

	if (!address || strnlen(address, ADDRESS_BYTES_MAX + 1) > ADDRESS_BYTES_MAX)
		return false;
	at = strchr(address, '@');
	if (!at || !local_is_valid(address, (size_t)(at - address)))
		return false;
	for (label = at + 1;; label++) {
		size_t len = strcspn(label, ".");

		if (!label_is_valid(label, len))
			return false;
		label += len;
		if (!*label)
			return true;
	}
}
