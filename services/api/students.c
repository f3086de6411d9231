/* students.c: GET /api/Sessions/parent/students: for whom a parent may book */
#include <inttypes.h>

#include "answer.h"
#include "session_json.h"
#include "users.h"

#define POOL_WAIT_MS 2000

static void answer_students(struct http_response *response, const struct users_students *students)
{
	answer_open(response, "");
	buf_add(&response->body, "[");
	for (int i = 0; i < students->count; i++) {
		buf_addf(&response->body, "%s{\"id\":%" PRId64 ",\"name\":", i ? "," : "",
			 students->items[i].id);
		session_encode_text(students->items[i].name, &response->body);
		buf_add(&response->body, "}");
	}
	buf_add(&response->body, "]");
	answer_close(response, clock_system()->now(clock_system()));
}

void api_parent_students(void *context, struct http_request *request, struct http_response *response)
{
	struct api *api = context;
	const struct caller *caller = request->user;
	struct users_students students;
	struct err err = {0};
	enum err_kind failed;
	struct pg *db;

	failed = pg_pool_take(api->db, POOL_WAIT_MS, &db, &err);
	if (!failed) {
		failed = users_list_students(db, caller->actor.user_id, request->arena, &students, &err);
		pg_pool_give(api->db, db);
	}
	if (failed)
		answer_database_error(request, response, &err);
	else
		answer_students(response, &students);
}
