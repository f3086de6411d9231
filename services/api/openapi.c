/* openapi.c: GET /openapi.json, for whoever wants to know what this API speaks */
#include <string.h>

#include "answer.h"
#include "openapi.h"

/* If-None-Match (RFC 9110 section 13.1.2): "*", or a list of tags of which one may be ours, weak or strong. */
static bool has_copy(const char *header)
{
	const char *tag = header ? strstr(header, openapi_etag) : NULL;

	return tag || (header && strcmp(header, "*") == 0);
}

void api_openapi(void *context, struct http_request *request, struct http_response *response)
{
	(void)context;
	http_response_add_header(request, response, "ETag", openapi_etag);
	http_response_add_header(request, response, "Cache-Control", "no-cache");
	if (has_copy(http_request_header(request, "If-None-Match")))
		response->status = 304;
	else
		buf_add(&response->body, openapi_json);
}
