/* stripe.h: the requests that unbook makes to Stripe, over http_client.h. Blocking, at most timeout_ms;
 * thread-safe. Every failure's kind is set here, by what was seen: ERR_RETRY it did not happen,
 * ERR_UNSURE it may have happened, ERR_REJECT Stripe's final no; struct stripe_answer tells more. */
#ifndef STRIPE_H
#define STRIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "refund.h"

struct stripe;

/* url: https://api.stripe.com, or http://127.0.0.1:port of a stand-in (plain http only to loopback). key:
 * secret. */
struct stripe_options {
	const char *url;
	const char *key;
	int64_t connect_ms;
	int64_t timeout_ms;
};

/* Errors ERR_FATAL stripe_config (bad url, plain http to somewhere else, a key that is neither sk_ nor
 * rk_ of a mode). */
enum err_kind stripe_open(const struct stripe_options *options, struct stripe **ret_stripe,
			  struct err *err) MUST_CHECK;

/* The same about the key alone, for tables of settings: msg ends the sentence "NAME ...". No network. */
enum err_kind stripe_check_key(const char *key, struct err *err) MUST_CHECK;

void stripe_close(struct stripe *stripe); /* NULL is fine; no call may be under way */

/* The key is of live mode: its database belongs to that mode for ever (design.md section 4, instance). */
bool stripe_is_live(const struct stripe *stripe);

/* What came back. Always written, also on errors; the kind that a call returns is refund_answer_kind() of
 * it. */
#define STRIPE_SEEN_MAX 8
struct stripe_answer {
	enum refund_answer refund_answer;
	int http_status;        /* 0: no whole answer */
	bool replayed;          /* Idempotent-Replayed: true */
	int should_retry;       /* Stripe-Should-Retry: 1 true, 0 false, -1 absent */
	int64_t retry_after_ms; /* 0: not asked */
	char request_id[64];
	char code[64];               /* error code or type, else why there was no whole answer; "" if none */
	char param[96];              /* the parameter that Stripe objects to; "" if none */
	struct stripe_refund refund; /* of create and get, when refund_answer is REFUND_ANSWER_REFUND */
	struct stripe_refund
		seen[STRIPE_SEEN_MAX]; /* every refund in the answer, the newest first, for the record */
	size_t seen_count;
};

/* POST /v1/refunds with the row's key, payment_intent (charge when it is a ch_), reason
 * requested_by_customer, metadata refund_id, booking_id, generation; no amount: Stripe gives back what
 * remains (rule 6). ERR_OK: answer->refund is it; when answer->replayed it is what was stored with the
 * key and must be read again (rule 7). */
enum err_kind stripe_create_refund(struct stripe *stripe, const struct refund *refund,
				   const char *traceparent, struct stripe_answer *ret_answer,
				   struct err *err) MUST_CHECK;

/* GET /v1/refunds/{id}, as Stripe sees it now. id must be the id of a refund of refund->payment_intent,
 * NULL: of any payment. */
enum err_kind stripe_get_refund(struct stripe *stripe, const struct refund *refund, const char *id,
				struct stripe_answer *ret_answer, struct err *err) MUST_CHECK;

/* GET /v1/refunds?payment_intent=, all pages, added up for this refund. ret_list is written on success
 * only. Blocks at most timeout_ms a page, STRIPE_LIST_PAGES_MAX pages; ret_list->whole is false when
 * there were more. */
#define STRIPE_LIST_PAGES_MAX 10
enum err_kind stripe_list_refunds(struct stripe *stripe, const struct refund *refund,
				  struct refund_list *ret_list, struct stripe_answer *ret_answer,
				  struct err *err) MUST_CHECK;

#endif
