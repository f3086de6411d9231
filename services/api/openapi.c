/* openapi.c: GET /openapi.json, for whoever wants to know what this API speaks */
#include "openapi.h"
#include "answer.h"

void api_openapi(void *context, struct http_request *request, struct http_response *response)
{
	(void)context;
	http_response_add_header(request, response, "ETag", openapi_etag);
	http_response_add_header(request, response, "Cache-Control", "no-cache");
	if (answer_is_known(request, openapi_etag))
		response->status = 304;
	else
		buf_add(&response->body, openapi_json);
}
