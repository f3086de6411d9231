#include "api.h"

#define READERS           API_EVERY_ROLE
#define STAFF_AND_PARTIES ((unsigned)(ROLE_PARENT | ROLE_TEACHER | ROLE_ADMIN))

/* Stripe's events hold whole objects. */
#define WEBHOOK_BYTES ((size_t)512 * 1024)

/* The whole surface. A route without a rule is refused when the server opens. */
const struct http_route api_routes[] = {
	{HTTP_GET, "/api/Sessions", (unsigned)(ROLE_ADMIN | ROLE_SUPPORT), HTTP_POOL_FAST, 0, api_search},
	{HTTP_GET, "/api/Sessions/parent/bookings", ROLE_PARENT, HTTP_POOL_FAST, 0, api_parent_bookings},
	{HTTP_GET, "/api/Sessions/parent/students", ROLE_PARENT, HTTP_POOL_FAST, 0, api_parent_students},
	{HTTP_GET, "/api/Sessions/teacher/upcoming", ROLE_TEACHER, HTTP_POOL_FAST, 0, api_teacher_upcoming},
	{HTTP_GET, "/api/Sessions/teacher/history", ROLE_TEACHER, HTTP_POOL_FAST, 0, api_teacher_history},
	{HTTP_GET, "/api/Sessions/student/upcoming", ROLE_STUDENT, HTTP_POOL_FAST, 0, api_student_upcoming},
	{HTTP_GET, "/api/Sessions/student/history", ROLE_STUDENT, HTTP_POOL_FAST, 0, api_student_history},
	{HTTP_PUT, "/api/Sessions/{id}/cancel", STAFF_AND_PARTIES, HTTP_POOL_FAST, 0, api_cancel},
	{HTTP_POST, "/api/Sessions/{id}/cancel", STAFF_AND_PARTIES, HTTP_POOL_FAST, 0, api_cancel},
	{HTTP_GET, "/api/Sessions/{id}/timeline", READERS, HTTP_POOL_FAST, 0, api_booking_timeline},
	{HTTP_GET, "/api/Sessions/{id}/join", READERS, HTTP_POOL_FAST, 0, api_booking_join},
	{HTTP_GET, "/api/Sessions/teachers/available", READERS, HTTP_POOL_FAST, 0, api_offers},
	{HTTP_POST, "/api/Sessions/book", ROLE_PARENT, HTTP_POOL_STRIPE, 0, api_book},
	{HTTP_POST, "/api/Sessions/cancel-payment/{stripeSessionId}", ROLE_PARENT, HTTP_POOL_STRIPE, 0,
	 api_cancel_payment},
	{HTTP_POST, "/api/Sessions/confirm-payment/{stripeSessionId}", ROLE_PARENT, HTTP_POOL_STRIPE, 0,
	 api_confirm_payment},
	{HTTP_POST, "/api/stripe/webhook", API_ANYBODY, HTTP_POOL_WEBHOOK, WEBHOOK_BYTES, api_webhook},
	{HTTP_GET, "/api/Sessions/{id}", READERS, HTTP_POOL_FAST, 0, api_booking},
	{HTTP_GET, "/openapi.json", API_ANYBODY, HTTP_POOL_FAST, 0, api_openapi},
	/* Bytes that are in memory: no thread of a pool, no limit (limits.c). */
	{HTTP_GET, "/", API_ANYBODY, HTTP_POOL_INLINE, 0, api_page},
	{HTTP_GET, "/bookings", API_ANYBODY, HTTP_POOL_INLINE, 0, api_page},
	{HTTP_GET, "/teaching", API_ANYBODY, HTTP_POOL_INLINE, 0, api_page},
	{HTTP_GET, "/attending", API_ANYBODY, HTTP_POOL_INLINE, 0, api_page},
	{HTTP_GET, "/book", API_ANYBODY, HTTP_POOL_INLINE, 0, api_page},
	{HTTP_GET, "/find", API_ANYBODY, HTTP_POOL_INLINE, 0, api_page},
	{HTTP_GET, "/payment/success", API_ANYBODY, HTTP_POOL_INLINE, 0, api_page},
	{HTTP_GET, "/payment/cancel", API_ANYBODY, HTTP_POOL_INLINE, 0, api_page},
	{HTTP_GET, "/signin", API_ANYBODY, HTTP_POOL_INLINE, 0, api_sign_in},
	{HTTP_GET, "/assets/{version}/{name}", API_ANYBODY, HTTP_POOL_INLINE, 0, api_asset},
};
const size_t api_route_count = sizeof api_routes / sizeof *api_routes;
