/* sessions.c: what people read: lists, one booking, its time line, its meeting link */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "booking_log.h"
#include "bookings.h"
#include "checkout.h"
#include "session_json.h"
#include "timeline.h"

#define POOL_WAIT_MS 2000
#define LIMIT_MAX    100
#define YEAR_10000_US \
	INT64_C(253402300800000000) /* no booking starts there, and PostgreSQL reads no instant far beyond */

static struct session_reader reader_of(const struct api *api, const struct caller *caller, struct instant now)
{
	return (struct session_reader){caller->actor, api->policy, now, api->link.instance_id};
}

/* --- lists --- */

/* "u1767225600000000.42": the half, the start and the id of the last one that was shown. */
static void encode_cursor(const struct bookings_cursor *cursor, char *ret_text, size_t cap)
{
	snprintf(ret_text, cap, "%c%" PRId64 ".%" PRId64, cursor->past ? 'p' : 'u', cursor->starts_at.us,
		 cursor->id);
}

static bool decode_cursor(const char *text, struct bookings_cursor *ret_cursor)
{
	char start[24];
	const char *dot = strchr(text, '.');
	struct bookings_cursor cursor = {.past = text[0] == 'p'};

	if ((text[0] != 'p' && text[0] != 'u') || !dot || (size_t)(dot - text) > sizeof start)
		return false;
	memcpy(start, text + 1, (size_t)(dot - text - 1));
	start[dot - text - 1] = '\0';
	if (!str_to_int64(start, &cursor.starts_at.us) || !str_to_int64(dot + 1, &cursor.id) || cursor.id <= 0
	    || cursor.starts_at.us < 0 || cursor.starts_at.us >= YEAR_10000_US)
		return false;
	*ret_cursor = cursor;
	return true;
}

/* The name of the parameter that is wrong; NULL when all are fine. */
static const char *read_query(const struct http_request *request, struct bookings_page *page)
{
	int64_t limit = LIMIT_MAX;
	int count;
	const char *text = http_request_query(request, "when", &count);

	page->upcoming = text && str_ieq(text, "upcoming");
	page->past = text && str_ieq(text, "past");
	if (count > 1 || (count && !page->upcoming && !page->past))
		return "when";
	text = http_request_query(request, "after", &count);
	if (count > 1 || (count && (!text || !decode_cursor(text, &page->after))))
		return "after";
	text = http_request_query(request, "limit", &count);
	if (count > 1 || (count && (!text || !str_to_int64(text, &limit) || limit < 1 || limit > LIMIT_MAX)))
		return "limit";
	page->limit = (int)limit;
	return NULL;
}

/* What only a parent's list can be narrowed to. As read_query(). */
static const char *read_narrowing(const struct http_request *request, struct bookings_page *page)
{
	int count;

	page->cancelled = http_request_query(request, "cancelled", &count);
	if (count > 1 || (count && !str_ieq(page->cancelled, "true") && !str_ieq(page->cancelled, "false")))
		return "cancelled";
	page->stripe_session_id = http_request_query(request, "stripeSessionId", &count);
	if (count > 1 || (count && !checkout_id_is_valid(page->stripe_session_id)))
		return "stripeSessionId";
	return NULL;
}

static void answer_list(const struct bookings_list *list, const struct session_reader *reader,
			struct http_response *response)
{
	char cursor[64] = "";

	answer_open(response, "");
	buf_add(&response->body, "[");
	for (int i = 0; i < list->count; i++) {
		buf_add(&response->body, i ? "," : "");
		session_encode(&list->views[i], reader, &response->body);
	}
	buf_add(&response->body, "],\"next\":");
	if (list->more)
		encode_cursor(&list->next, cursor, sizeof cursor);
	session_encode_text(list->more ? cursor : NULL, &response->body);
	answer_close(response, list->now);
}

/* What booking_search_decode() takes. */
static const char search_words[] = "Please search for a booking number, an id of Stripe, a whole mail address"
				   " or names, one of them with at least three letters"
				   " (or two characters of a script without an alphabet).";

static void answer_query(struct http_request *request, struct http_response *response, const char *wrong)
{
	answer_error(request, response,
		     &(struct answer_error){400, "invalid_query", "This parameter is malformed.", wrong});
}

/* text: NULL for none, or several. */
static void answer_search(struct http_request *request, struct http_response *response, const char *text)
{
	bool is_long = text && str_count_chars(text, strlen(text)) > BOOKING_SEARCH_CHARACTERS_MAX;

	answer_error(request, response,
		     &(struct answer_error){
			     400, "invalid_query",
			     is_long ? "Please search for at most 254 characters." : search_words, "q"});
}

static void answer_page(struct api *api, struct http_request *request, struct http_response *response,
			const struct bookings_page *page)
{
	const struct caller *caller = request->user;
	struct session_reader reader;
	struct bookings_list found;
	struct err err = {0};
	struct pg *db;
	enum err_kind failed = pg_pool_take(api->db, POOL_WAIT_MS, &db, &err);

	if (!failed) {
		failed = bookings_list(db, page, request->arena, &found, &err);
		pg_pool_give(api->db, db);
	}
	if (failed) {
		answer_database_error(request, response, &err);
		return;
	}
	reader = reader_of(api, caller, found.now);
	answer_list(&found, &reader, response);
}

static void list(struct api *api, struct http_request *request, struct http_response *response,
		 enum bookings_list_kind kind)
{
	const struct caller *caller = request->user;
	struct bookings_page page = {.kind = kind, .user_id = caller->actor.user_id};
	const char *wrong = read_query(request, &page);

	if (!wrong && kind == BOOKINGS_OF_PARENT)
		wrong = read_narrowing(request, &page);
	if (wrong)
		answer_query(request, response, wrong);
	else
		answer_page(api, request, response, &page);
}

/* What is searched for; NULL: nothing, or several things. */
static const char *typed(struct http_request *request)
{
	int count;
	const char *text = http_request_query(request, "q", &count);
	char *stripped = text && count == 1 ? arena_strdup(request->arena, text) : NULL;

	if (stripped)
		booking_search_strip(stripped);
	return stripped;
}

static bool take_search(const struct http_request *request, const char *text, struct bookings_page *page)
{
	char *words = NULL;

	if (!booking_search_decode(text, &page->search))
		return false;
	if (page->search == BOOKING_SEARCH_NAME)
		words = arena_strdup(request->arena, text);
	if (words)
		booking_search_words(text, words);
	page->text = words ? words : text;
	return true;
}

void api_search(void *api, struct http_request *request, struct http_response *response)
{
	struct bookings_page page = {.kind = BOOKINGS_FOUND};
	const char *wrong = read_query(request, &page);
	const char *text = typed(request);

	if (!wrong && page.after.id && !page.after.past)
		wrong = "after";
	page.upcoming = false; /* what was typed may lie on either side of now */
	if (wrong)
		answer_query(request, response, wrong);
	else if (!text || !take_search(request, text, &page))
		answer_search(request, response, text);
	else
		answer_page(api, request, response, &page);
}

void api_parent_bookings(void *api, struct http_request *request, struct http_response *response)
{
	list(api, request, response, BOOKINGS_OF_PARENT);
}

void api_teacher_upcoming(void *api, struct http_request *request, struct http_response *response)
{
	list(api, request, response, BOOKINGS_TEACHER_UPCOMING);
}

void api_teacher_history(void *api, struct http_request *request, struct http_response *response)
{
	list(api, request, response, BOOKINGS_TEACHER_HISTORY);
}

void api_student_upcoming(void *api, struct http_request *request, struct http_response *response)
{
	list(api, request, response, BOOKINGS_STUDENT_UPCOMING);
}

void api_student_history(void *api, struct http_request *request, struct http_response *response)
{
	list(api, request, response, BOOKINGS_STUDENT_HISTORY);
}

/* --- one --- */

/* The booking of the path, with its time line when ret_log is not NULL. False: answered. */
static bool find(struct api *api, struct http_request *request, struct http_response *response,
		 struct bookings_found *ret_found, struct booking_log_list *ret_log)
{
	const struct caller *caller = request->user;
	const struct bookings_reader reader = {
		.user_id = caller->actor.user_id,
		.reads_all = (caller->actor.roles & (ROLE_ADMIN | ROLE_SUPPORT)) != 0};
	struct err err = {0};
	enum err_kind failed;
	struct pg *db;
	int64_t id;

	if (!answer_take_id(request, response, &id))
		return false;
	failed = pg_pool_take(api->db, POOL_WAIT_MS, &db, &err);
	if (!failed) {
		failed = bookings_find_view(db, id, &reader, request->arena, ret_found, &err);
		if (!failed && ret_found->found && ret_log)
			failed = booking_log_list(db, id, request->arena, ret_log, &err);
		pg_pool_give(api->db, db);
	}
	if (failed) {
		answer_database_error(request, response, &err);
		return false;
	}
	if (ret_found->found && booking_may_be_read_by(&ret_found->view.booking, &caller->actor))
		return true;
	answer_not_found(request, response);
	return false;
}

static void answer_one(struct api *api, struct http_request *request, struct http_response *response,
		       const struct bookings_found *found)
{
	const struct session_reader reader = reader_of(api, request->user, found->now);

	answer_open(response, "");
	session_encode(&found->view, &reader, &response->body);
	answer_close(response, found->now);
}

void api_booking(void *api, struct http_request *request, struct http_response *response)
{
	struct bookings_found found;

	if (find(api, request, response, &found, NULL))
		answer_one(api, request, response, &found);
}

void api_booking_join(void *api, struct http_request *request, struct http_response *response)
{
	struct bookings_found found;

	if (!find(api, request, response, &found, NULL))
		return;
	if (found.view.booking.status == BOOKING_CONFIRMED)
		answer_one(api, request, response, &found);
	else
		answer_error(request, response,
			     &(struct answer_error){409, "not_confirmed",
						    "Only a confirmed session can be joined.", NULL});
}

void api_booking_timeline(void *api, struct http_request *request, struct http_response *response)
{
	const struct caller *caller = request->user;
	struct booking_log_list log;
	struct bookings_found found;

	if (!find(api, request, response, &found, &log))
		return;
	answer_open(response, "");
	timeline_encode(&found.view.booking, &caller->actor, &log, &response->body);
	answer_close(response, found.now);
}
