/* api.h: what the parts of the API share. */
#ifndef API_H
#define API_H

#include <stdatomic.h>

#include "booking.h"
#include "cancel.h"
#include "conf.h"
#include "http_server.h"
#include "issuer.h"
#include "keyed.h"
#include "keys.h"
#include "pg.h"
#include "redis.h"
#include "relay.h"
#include "session_json.h"
#include "settings.h"
#include "stripe_link.h"
#include "user_cache.h"
#include "webhook.h"

struct api_settings {
	struct common_settings common;
	struct stripe_settings stripe;
	char *redis_url; /* NULL: none */
	char *webhook_secret;
	char *listen;
	char *jwks_file, *jwks_url; /* one of them is NULL */
	int64_t jwks_refresh_ms, jwks_again_ms;
	char *jwt_issuer, *jwt_audience;
	int64_t jwt_max_age_s;
	char *cors_origins;
	char *frontend_url; /* without a slash at its end */
	char *login_url;    /* NULL: the page says in words where to sign in */
	char *meeting_url_template;
	int64_t hold_s;
	int64_t fast_threads, stripe_threads, webhook_threads;
	int64_t teacher_notice_s;
	int64_t per_address_connections;
	int64_t limit_address, limit_user, limit_book, limit_payment, limit_cancel,
		limit_webhook; /* a minute */
	int64_t replicas;
	char *trusted_proxies; /* NULL: none */
	char *forwarded_header;
	int64_t holds_max;
	int64_t doorbell_ms;
};
extern const struct conf_row api_rows[];
extern const size_t api_row_count;

/* The process's parts; handlers get it as their context. Everything in it is safe to use from every thread. */
struct api {
	const struct api_settings *settings;
	struct keys *keys;
	struct issuer *issuer;          /* NULL: the keys are in a file */
	_Atomic int64_t keys_looked_ms; /* when the key file, if there is one, was last looked at */
	struct webhook_secrets webhook_secrets;
	struct stripe_link link;
	struct stripe *stripe_brief; /* the same, for people who wait: a call takes 2 s at most */
	struct stripe
		*stripe_confirm; /* likewise, 8 s: they want to know, and nothing is decided without it */
	struct pg_pool *db;
	struct redis *redis; /* NULL: none is configured */
	struct relay *relay;
	struct health *health;
	struct user_cache *users;
	struct keyed_table *keyed;
	struct limits *limits;
	struct address_ranges trusted;
	struct http_server *http;
	struct cancel_policy policy;
};

/* settings, keys and webhook_secrets are set, the rest is opened here. Runs until the service stops. */
enum err_kind api_run(void *context, struct err *err);

/* --- routes.c --- */

/* Rules of http_route.rule: the roles (enum role) of which a caller needs one, or API_ANYBODY: no token is asked for. */
#define API_ANYBODY    (1u << 30)
#define API_EVERY_ROLE ((unsigned)(ROLE_PARENT | ROLE_TEACHER | ROLE_STUDENT | ROLE_ADMIN | ROLE_SUPPORT))
extern const struct http_route api_routes[];
extern const size_t api_route_count;

/* --- auth.c --- */

/* Who calls: left in request->user by api_admit, never NULL in a handler whose rule is not API_ANYBODY. */
struct caller {
	struct actor actor;
	struct keyed *keyed; /* NULL: the request names no key */
};
bool api_admit(void *api, struct http_request *request, struct http_response *response);

/* --- flows.c --- */

/* flow.h: on behalf of the caller of this request. */
struct flow;
struct flow api_flow(const struct api *api, const struct http_request *request);

/* Where the money of a Cancelled booking of the caller's is, for a person; "": nothing goes back, or it cannot be read now. Returns true when
 * all of it goes back through us. */
bool api_refund_words(const struct api *api, const struct http_request *request, int64_t booking_id,
		      char ret_words[SESSION_WORDS_BYTES]);

/* --- handlers --- */
http_handler api_cancel, api_booking, api_booking_timeline, api_booking_join;
http_handler api_webhook, api_book, api_offers, api_cancel_payment, api_confirm_payment;
http_handler api_search, api_parent_students, api_parent_bookings, api_teacher_upcoming, api_teacher_history;
http_handler api_student_upcoming, api_student_history;
http_handler api_openapi, api_page, api_sign_in, api_asset;

/* For http_server_options: answer_refuse, but a browser on a path outside /api that is not there gets the page, which says so, with the
 * 404. */
void api_refuse(void *api, struct http_request *request, struct http_response *response, const char *code,
		const char *message);

#endif
