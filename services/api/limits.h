/* limits.h: how much one address and one user may ask for (faults.md 2.1: 429). */
#ifndef LIMITS_H
#define LIMITS_H

#include <stdbool.h>

#include "err.h"

struct api;
struct http_request;
struct http_response;
struct limits;

/* From the settings; api->redis and api->link are open and outlive it. Errors ERR_FATAL no_memory. */
enum err_kind limits_open(const struct api *api, struct limits **ret_limits, struct err *err) MUST_CHECK;
void limits_close(struct limits *limits);

/* Before anything is known of the caller: requests of one address (an IPv6 /64), Stripe's webhooks in a budget of their own,
 * pages and their files in none.
 * False: answered with 429. Blocks one short call to Redis at most. */
bool limits_admit_address(struct api *api, struct http_request *request, struct http_response *response);
/* When the token is good: requests of its subject, and those of this route. False: answered with 429. Blocks two short calls at most. */
bool limits_admit_user(struct api *api, struct http_request *request, struct http_response *response,
		       const char *subject);

#endif
