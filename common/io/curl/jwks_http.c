#include "jwks_http.h"

#include <stdlib.h>

#include "http_client.h"

struct jwks_http {
	struct http_client *http;
};

enum err_kind jwks_http_open(const char *url, int64_t timeout_ms, struct jwks_http **ret_jwks,
			     struct err *err)
{
	const struct http_client_options options = {
		.url = url, .connect_ms = timeout_ms, .timeout_ms = timeout_ms};
	struct jwks_http *jwks = calloc(1, sizeof *jwks);

	if (!jwks)
		return err_set(err, ERR_FATAL, "http_config", "out of memory");
	if (http_client_open(&options, &jwks->http, err)) {
		free(jwks);
		return err->kind;
	}
	*ret_jwks = jwks;
	return ERR_OK;
}

void jwks_http_close(struct jwks_http *jwks)
{
	if (!jwks)
		return;
	http_client_close(jwks->http);
	free(jwks);
}

enum err_kind jwks_http_fetch(struct jwks_http *jwks, struct buf *bytes, struct err *err)
{
	const struct http_request request = {.path = "", .headers = {"Accept: application/json", NULL}};
	HTTP_RESPONSE_SCOPE struct http_response response;

	http_response_init(&response);
	if (http_client_call(jwks->http, &request, &response, err))
		return err_set(err, ERR_RETRY, "jwks_unavailable", "the issuer does not answer: %s",
			       err->msg);
	if (response.status != 200)
		return err_set(err, ERR_RETRY, "jwks_unavailable", "the issuer answers %ld", response.status);
	buf_add_bytes(bytes, response.body.data ? response.body.data : "", response.body.len);
	return ERR_OK;
}
