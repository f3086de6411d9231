/* auth.c: who calls, and may they call this. One answer for every bad token, so that it tells an attacker nothing. */
#include <strings.h>

#include "answer.h"
#include "limits.h"
#include "log.h"
#include "token.h"
#include "users.h"

#define LEEWAY_S     60
#define KEYS_LOOK_MS 1000
#define POOL_WAIT_MS 2000

/* A key that is not known may be a new one of the issuer. */
static enum err_kind verify(struct api *api, const struct token *token, struct err *err)
{
	enum err_kind kind = keys_verify(api->keys, token, err);

	if (kind && api->issuer && str_eq(err->code, "unknown_key") && issuer_ask(api->issuer)) {
		*err = (struct err){0};
		kind = keys_verify(api->keys, token, err);
	}
	return kind;
}

/* The key file may have been replaced; one thread looks, at most once a second. A bad new file keeps the last good keys. */
static void refresh_keys(struct api *api)
{
	int64_t now_ms = deadline_in_ms(0);
	int64_t looked_ms = atomic_load(&api->keys_looked_ms);
	struct err err = {0};
	bool changed;

	if (now_ms - looked_ms < KEYS_LOOK_MS
	    || !atomic_compare_exchange_strong(&api->keys_looked_ms, &looked_ms, now_ms))
		return;
	if (keys_refresh(api->keys, &changed, &err))
		LOG(LOG_WARN, "keys not refreshed", LOG_S("code", err.code), LOG_S("why", err.msg));
	else if (changed)
		LOG(LOG_INFO, "keys refreshed", LOG_I("count", keys_count(api->keys)));
}

static enum err_kind read_token(struct api *api, struct http_request *request,
				struct token_claims *ret_claims, struct err *err)
{
	const struct token_rules rules = {.issuer = api->settings->jwt_issuer,
					  .audience = api->settings->jwt_audience,
					  .max_age_s = api->settings->jwt_max_age_s,
					  .leeway_s = LEEWAY_S};
	const char *header = http_request_header(request, "Authorization");
	struct token token;

	if (!header || strncasecmp(header, "Bearer ", 7) != 0)
		return err_set(err, ERR_REJECT, "bad_token", "no bearer token");
	if (!api->issuer)
		refresh_keys(api);
	if (token_decode_head(header + 7, request->arena, &token, err) || verify(api, &token, err))
		return err->kind;
	return token_decode_claims(&token, &rules, clock_system()->now(clock_system()), request->arena,
				   ret_claims, err);
}

static enum err_kind find_user(struct api *api, const struct token_claims *claims, int64_t *ret_id,
			       struct err *err)
{
	const struct user_claims person = {claims->subject, claims->email, claims->name, claims->zone,
					   claims->locale};
	unsigned says = (claims->email && claims->email[0] ? USER_SAYS_EMAIL : 0u)
			| (claims->name && claims->name[0] ? USER_SAYS_NAME : 0u);
	int64_t id = user_cache_find(api->users, claims->subject, says);
	enum err_kind kind = ERR_OK;
	struct pg *db;

	if (!id) {
		if (pg_pool_take(api->db, POOL_WAIT_MS, &db, err))
			return err->kind;
		kind = users_get_id(db, &person, &id, err);
		pg_pool_give(api->db, db);
		if (!kind)
			user_cache_put(api->users, claims->subject, says, id);
	}
	*ret_id = id;
	return kind;
}

static bool refuse_token(struct http_request *request, struct http_response *response)
{
	http_response_add_header(request, response, "WWW-Authenticate", "Bearer");
	answer_error(request, response,
		     &(struct answer_error){401, "unauthenticated", "Please sign in.", NULL});
	return false;
}

/* The issuer has not been reached since the start. */
static bool refuse_for_now(struct http_request *request, struct http_response *response)
{
	answer_try_again(request, response);
	return false;
}

bool api_admit(void *context, struct http_request *request, struct http_response *response)
{
	struct api *api = context;
	struct caller *caller = arena_alloc(request->arena, sizeof *caller);
	struct token_claims claims = {0};
	struct err err = {0};

	if (!limits_admit_address(api, request, response))
		return false;
	if (request->route->rule & API_ANYBODY)
		return true;
	if (!caller || read_token(api, request, &claims, &err))
		return err.kind == ERR_RETRY ? refuse_for_now(request, response)
					     : refuse_token(request, response);
	if (!limits_admit_user(api, request, response, claims.subject))
		return false;
	if (!(claims.roles & request->route->rule)) {
		answer_error(request, response,
			     &(struct answer_error){403, "forbidden", "You may not do this.", NULL});
		return false;
	}
	if (find_user(api, &claims, &caller->actor.user_id, &err)) {
		answer_database_error(request, response, &err);
		return false;
	}
	caller->actor.roles = claims.roles;
	caller->keyed = NULL;
	request->user = caller;
	return true;
}
