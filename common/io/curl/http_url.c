#include "http_url.h"

#include "http_client.h"

enum err_kind http_url_check(const char *url, struct err *err)
{
	const struct http_client_options options = {.url = url, .connect_ms = 1, .timeout_ms = 1};
	struct http_client *http = NULL;
	enum err_kind kind = http_client_open(&options, &http, err);

	http_client_close(http);
	if (kind)
		return err_set(
			err, ERR_FATAL, "http_config",
			"must be https, or http to a loopback address, without user, query and fragment");
	return ERR_OK;
}
