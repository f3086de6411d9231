/* Default deny: no route may stand in the table without saying who may call it. */
#include <criterion/criterion.h>
#include <string.h>

#include "api.h"

#define STUB(name)                                                                             \
	void name(void *context, struct http_request *request, struct http_response *response) \
	{                                                                                      \
		(void)context, (void)request, (void)response;                                  \
	}
STUB(api_cancel)
STUB(api_booking)
STUB(api_booking_timeline)
STUB(api_booking_join)
STUB(api_parent_students)
STUB(api_parent_bookings)
STUB(api_teacher_upcoming)
STUB(api_teacher_history)
STUB(api_student_upcoming)
STUB(api_student_history)
STUB(api_search)
STUB(api_webhook)
STUB(api_book)
STUB(api_offers)
STUB(api_cancel_payment)
STUB(api_confirm_payment)
STUB(api_openapi)
STUB(api_page)
STUB(api_sign_in)
STUB(api_asset)

Test(api_routes, every_route_has_a_rule_a_handler_and_a_pool_that_may_block_unless_it_is_a_page)
{
	cr_assert_gt(api_route_count, 0);
	for (size_t i = 0; i < api_route_count; i++) {
		const struct http_route *route = &api_routes[i];
		unsigned known = API_EVERY_ROLE | API_ANYBODY;

		cr_expect_neq(route->rule, 0, "%s", route->pattern);
		cr_expect_eq(route->rule & ~known, 0, "%s: a role that does not exist", route->pattern);
		cr_expect_not_null(route->handler, "%s", route->pattern);
		cr_expect_eq(route->pool == HTTP_POOL_INLINE,
			     route->handler == api_page || route->handler == api_sign_in
				     || route->handler == api_asset,
			     "%s", route->pattern);
		cr_expect(http_path_is_clean("/", 1) && route->pattern[0] == '/', "%s", route->pattern);
	}
}

Test(api_routes, no_route_stands_there_twice)
{
	for (size_t i = 0; i < api_route_count; i++)
		for (size_t k = i + 1; k < api_route_count; k++)
			cr_expect(api_routes[i].method != api_routes[k].method
					  || !str_ieq(api_routes[i].pattern, api_routes[k].pattern),
				  "%s", api_routes[i].pattern);
}

Test(api_routes, students_and_support_change_nothing)
{
	for (size_t i = 0; i < api_route_count; i++)
		if (api_routes[i].method != HTTP_GET)
			cr_expect_eq(api_routes[i].rule & (ROLE_STUDENT | ROLE_SUPPORT), 0, "%s",
				     api_routes[i].pattern);
}

Test(api_routes, a_server_with_a_route_without_a_rule_does_not_open)
{
	const struct http_route bare[] = {{HTTP_GET, "/x", 0, HTTP_POOL_INLINE, 0, api_cancel}};
	const struct http_route poolless[] = {{HTTP_GET, "/x", 1, HTTP_POOL_STRIPE, 0, api_cancel}};
	struct http_server_options options = {.listen = "127.0.0.1:0", .routes = bare, .route_count = 1};
	struct http_server *server;
	struct err err = {0};

	cr_assert_eq(http_server_open(&options, &server, &err), ERR_FATAL);
	cr_assert_str_eq(err.code, "http_route");
	options.routes = poolless;
	cr_assert_eq(http_server_open(&options, &server, &err), ERR_FATAL);
	cr_assert_str_eq(err.code, "http_route");
}
