#include "sink.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "http_client.h"

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	cr_assert_not_null(value, "%s is not set", name);
	return value;
}

const char *sink_url(void)
{
	return setting("UNBOOK_TEST_SMTP_URL");
}

static json_t *control(const char *path, const char *body)
{
	const struct http_client_options options = {
		.url = setting("UNBOOK_TEST_MAIL_URL"), .connect_ms = 2000, .timeout_ms = 10000};
	const struct http_request request = {.path = path, .form = body};
	HTTP_RESPONSE_SCOPE struct http_response response;
	struct http_client *client = NULL;
	struct err err = {0};

	http_response_init(&response);
	cr_assert_eq(http_client_open(&options, &client, &err), ERR_OK, "%s", err.msg);
	cr_assert_eq(http_client_call(client, &request, &response, &err), ERR_OK, "%s", err.msg);
	http_client_close(client);
	cr_assert_eq(response.status, 200, "%s: %ld %s", path, response.status, response.body.data);
	json_t *answer = json_loads(response.body.data, 0, NULL);
	cr_assert_not_null(answer);
	return answer;
}

void sink_fault(const char *json)
{
	json_decref(control("/_mail/faults", json));
}

json_t *sink_mails(const char *rcpt)
{
	char path[300];

	snprintf(path, sizeof(path), "/_mail/messages?rcpt=%s", rcpt);
	json_t *answer = control(path, NULL);
	json_t *messages = json_incref(json_object_get(answer, "messages"));
	json_decref(answer);
	return messages;
}

int sink_violations(void)
{
	json_t *answer = control("/_mail/violations", NULL);
	int count = (int)json_array_size(json_object_get(answer, "violations"));

	json_decref(answer);
	return count;
}
