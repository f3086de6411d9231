#include <criterion/criterion.h>
#include <string.h>

#include "http_route.h"

static void nothing(void *context, struct http_request *request, struct http_response *response)
{
	(void)context, (void)request, (void)response;
}

static const struct http_route routes[] = {
	{HTTP_GET, "/api/Sessions/parent/bookings", 1, HTTP_POOL_FAST, 0, nothing},
	{HTTP_GET, "/api/Sessions/{id}", 1, HTTP_POOL_FAST, 0, nothing},
	{HTTP_GET, "/api/Sessions/{id}/timeline", 1, HTTP_POOL_FAST, 0, nothing},
	{HTTP_PUT, "/api/Sessions/{id}/cancel", 1, HTTP_POOL_FAST, 0, nothing},
	{HTTP_POST, "/api/Sessions/{id}/cancel", 1, HTTP_POOL_FAST, 0, nothing},
	{HTTP_POST, "/api/Sessions/book", 1, HTTP_POOL_FAST, 0, nothing},
};

static struct http_match match(enum http_method method, const char *path)
{
	struct http_match found;

	http_route_match(routes, sizeof routes / sizeof *routes, method, path, strlen(path), &found);
	return found;
}

Test(http_route, matches_without_case_and_takes_the_segment)
{
	struct http_match found = match(HTTP_PUT, "/API/sessions/42/CANCEL");

	cr_assert_eq(found.route, &routes[3]);
	cr_assert_eq(found.param_count, 1);
	cr_assert_eq(found.params[0].len, 2);
	cr_assert_arr_eq(found.params[0].text, "42", 2);
}

Test(http_route, a_literal_wins_also_over_earlier_names)
{
	cr_assert_eq(match(HTTP_GET, "/api/sessions/parent/bookings").route, &routes[0]);
	cr_assert_eq(match(HTTP_POST, "/api/sessions/book").route, &routes[5]);
}

Test(http_route, a_literal_path_has_no_methods_of_a_path_with_names)
{
	struct http_match found = match(HTTP_GET, "/api/Sessions/Book");

	cr_assert_null(found.route);
	cr_assert_eq(found.allow, 1u << HTTP_POST);
	cr_assert_eq(match(HTTP_GET, "/api/Sessions/books").route, &routes[1]);
}

Test(http_route, a_trailing_slash_is_fine)
{
	cr_assert_eq(match(HTTP_GET, "/api/Sessions/42/").route, &routes[1]);
}

Test(http_route, another_method_leaves_what_is_allowed)
{
	struct http_match found = match(HTTP_GET, "/api/Sessions/1/cancel");
	char allow[64];

	cr_assert_null(found.route);
	http_allow(found.allow, allow, sizeof allow);
	cr_assert_str_eq(allow, "POST, PUT, OPTIONS");
	http_allow(match(HTTP_PUT, "/api/Sessions/1").allow, allow, sizeof allow);
	cr_assert_str_eq(allow, "GET, HEAD, OPTIONS");
}

Test(http_route, an_unknown_path_allows_nothing)
{
	static const char *const paths[] = {"/",
					    "/api",
					    "/api/Sessions",
					    "/api/Sessions/1/2/3",
					    "/api/Sessions/1/cancel/x",
					    "/apiSessions/1"};

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		cr_expect_eq(match(HTTP_GET, paths[i]).allow, 0, "%s", paths[i]);
}

static bool is_clean(const char *path)
{
	return http_path_is_clean(path, strlen(path));
}

Test(http_route, paths_that_two_readers_could_read_differently_are_unclean)
{
	static const char *const paths[] = {
		"",        "a",         "http://x/a", "*",     "//",       "/a//b", "//a",   "/a/%00",
		"/a%2fb",  "/a%2Fb",    "/a%5cb",     "/a%0d", "/a%0A%0d", "/a%7f", "/a%2e", "/%2e%2e/b",
		"/a/../b", "/a/./b",    "/..",        "/a%",   "/a%1",     "/a%zz", "/a b",  "/a\\b",
		"/a\x01",  "/\xc3\xa9", "/a#b",       "/a\"",  "/<a>",     "/a|b",  "/a^",   "/{id}"};

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		cr_expect_not(is_clean(paths[i]), "%s", paths[i]);
}

Test(http_route, everyday_paths_are_clean)
{
	static const char *const paths[] = {
		"/", "/a", "/a/", "/a/b-c_d~e.f", "/%20", "/%C3%A9", "/a:b@c,d;e=f!$&'()*+"};

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		cr_expect(is_clean(paths[i]), "%s", paths[i]);
}

Test(http_route, verbs_are_exact)
{
	enum http_method method;

	cr_assert(http_method_decode("PUT", &method));
	cr_assert_eq(method, HTTP_PUT);
	cr_assert(http_method_decode("HEAD", &method));
	cr_assert_eq(method, HTTP_GET);
	cr_assert_not(http_method_decode("get", &method));
	cr_assert_not(http_method_decode("GETX", &method));
	cr_assert_not(http_method_decode("TRACE", &method));
	cr_assert_not(http_method_decode("DELETE", &method));
	cr_assert_not(http_method_decode("", &method));
}
