/* pages.c: GET / and the other pages, and /assets/{version}/{name}, what they are made of */
#include "pages.h"

#include <string.h>
#include <strings.h>

#include "answer.h"

/* Nothing but our own files, and nothing that is written into a page; whatever lands in one as text stays text. */
#define CONTENT_POLICY                                                                                  \
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " \
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "                                 \
	"require-trusted-types-for 'script'; trusted-types 'none'"

#define MAY_CHANGE    "no-cache"
#define NEVER_CHANGES "public, max-age=31536000, immutable"

static const struct page_file *find_file(const char *name)
{
	for (size_t i = 0; i < page_file_count; i++)
		if (strcmp(page_files[i].name, name) == 0)
			return &page_files[i];
	return NULL;
}

/* What it is, and what it may do. */
static void add_headers(struct http_request *request, struct http_response *response,
			const struct page_file *file)
{
	http_response_add_header(request, response, "Content-Security-Policy", CONTENT_POLICY);
	http_response_add_header(request, response, "Cross-Origin-Opener-Policy", "same-origin");
	response->content_type = file->content_type;
}

static void answer_file(struct http_request *request, struct http_response *response,
			const struct page_file *file, const char *cache)
{
	http_response_add_header(request, response, "ETag", file->etag);
	http_response_add_header(request, response, "Cache-Control", cache);
	add_headers(request, response, file);
	if (answer_is_known(request, file->etag))
		response->status = 304;
	else
		buf_add_bytes(&response->body, file->bytes, file->len);
}

/* All pages are one document; its script looks at the address. */
void api_page(void *context, struct http_request *request, struct http_response *response)
{
	(void)context;
	answer_file(request, response, find_file("index.html"), MAY_CHANGE);
}

/* Programs live there, whatever they accept. */
static bool is_of_api(const char *path)
{
	return strcspn(path + 1, "/?") == 3 && strncasecmp(path + 1, "api", 3) == 0;
}

void api_refuse(void *api, struct http_request *request, struct http_response *response, const char *code,
		const char *message)
{
	const struct page_file *page = find_file("index.html");
	const char *accept = http_request_header(request, "Accept");
	bool is_page = response->status == 404 && request->method == HTTP_GET && request->path
		       && !is_of_api(request->path);

	if (is_page && accept && strstr(accept, "text/html")) {
		add_headers(request, response, page);
		buf_add_bytes(&response->body, page->bytes, page->len);
		return;
	}
	answer_refuse(api, request, response, code, message);
}

/* Signing in is another site's work. */
void api_sign_in(void *context, struct http_request *request, struct http_response *response)
{
	const struct api *api = context;

	if (!api->settings->login_url) {
		api_page(context, request, response);
		return;
	}
	response->status = 302;
	http_response_add_header(request, response, "Location", api->settings->login_url);
}

/* While two versions run beside each other, a page of one may ask the other for its files: better these than none, but not for long. */
void api_asset(void *context, struct http_request *request, struct http_response *response)
{
	const struct page_file *file = find_file(request->params[1]);

	(void)context;
	if (file)
		answer_file(request, response, file,
			    strcmp(request->params[0], page_version) == 0 ? NEVER_CHANGES : MAY_CHANGE);
	else
		answer_error(request, response,
			     &(struct answer_error){404, "not_found", "There is nothing here.", NULL});
}
